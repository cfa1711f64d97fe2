package io.ringspun.internal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Once;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import org.junit.jupiter.api.Test;

@Once
class ThreadPatchTest {
  private static byte[] fake(ClassDesc schedulerType) {
    return ClassFile.of()
        .build(
            ClassDesc.of("java.lang.ThreadBuilders"),
            type ->
                type.withMethodBody(
                    "newVirtualThread",
                    MethodTypeDesc.of(ConstantDescs.CD_Object, schedulerType),
                    ClassFile.ACC_STATIC,
                    code -> code.aload(0).areturn()));
  }

  private static List<Opcode> code(byte[] classFile) {
    return ClassFile.of().parse(classFile).methods().stream()
        .filter(method -> method.methodName().equalsString("newVirtualThread"))
        .flatMap(method -> method.code().orElseThrow().elementStream())
        .filter(Instruction.class::isInstance)
        .map((CodeElement element) -> ((Instruction) element).opcode())
        .limit(4)
        .toList();
  }

  @Test
  void patch_eachTypeOfScheduler() throws Exception {
    for (String type :
        List.of("java.util.concurrent.Executor", "java.lang.Thread$VirtualThreadScheduler")) {
      assertEquals(
          List.of(Opcode.ALOAD_0, Opcode.INVOKESTATIC, Opcode.CHECKCAST, Opcode.ASTORE_0),
          code(ThreadPatch.patch(fake(ClassDesc.of(type)))));
    }
  }

  @Test
  void patch_theInstalledJdk() throws Exception {
    try (InputStream in = Object.class.getResourceAsStream("ThreadBuilders.class")) {
      byte[] patched = ThreadPatch.patch(in.readAllBytes());
      assertEquals(Opcode.CHECKCAST, code(patched).get(2));
      assertEquals(List.of(), ClassFile.of().verify(patched));
    }
  }

  @Test
  void patch_unknownJdk() {
    String message =
        assertThrows(
                NoSuchMethodException.class,
                () -> ThreadPatch.patch(fake(ClassDesc.of("java.lang.String"))))
            .getMessage();
    assertTrue(message.contains("takes a scheduler"), message);
  }
}
