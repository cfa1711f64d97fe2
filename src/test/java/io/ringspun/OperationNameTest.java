package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.ArrayAccessTree;
import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewArrayTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * {@link OperationException#operation} is the name of an operation, wherever the exception is made.
 * The sources are parsed, and what is given as the name is followed from the exception's
 * constructors back through parameters, variables and methods to the literals.
 */
@Once
class OperationNameTest {
  private static final Path SOURCES = Path.of("src/main/java");

  /** Of a method or, named like its class, a constructor: a parameter that takes a name. */
  private record Taker(String owner, String method, int arity, int index) {}

  /** Something that is called. */
  private record Call(TreePath path, String receiver, String name, List<TreePath> given) {}

  private final List<Call> calls = new ArrayList<>();
  private final List<TreePath> methods = new ArrayList<>();
  private final Set<String> names = new TreeSet<>();
  private final Set<String> offences = new TreeSet<>();
  private final Deque<Taker> left = new ArrayDeque<>();
  private final Set<Taker> seen = new HashSet<>();
  private final Set<MethodTree> returned = new HashSet<>();

  @Test
  void operations_areNames() throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null);
        var all = Files.walk(SOURCES)) {
      List<Path> files = all.filter(file -> file.toString().endsWith(".java")).toList();
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, manager, null, null, null, manager.getJavaFileObjectsFromPaths(files));
      new Collector().scan(task.parse(), null);
    }
    follow(new Taker("OperationException", "OperationException", 2, 0));
    follow(new Taker("OperationException", "OperationException", 3, 0));
    for (Taker next = left.poll(); next != null; next = left.poll()) {
      for (Call call : calls) {
        if (isCall(call, next)) {
          lookAt(call.given.get(next.index));
        }
      }
    }
    assertEquals(Set.of(), offences);
    assertTrue(
        names.containsAll(Set.of("nop", "read", "fsync", "sync_file_range", "accept", "splice")),
        "the test must see what is there: " + names);
    assertTrue(names.size() > 50, "the test must see what is there: " + names);
  }

  /** Other names are those of the kernel in lower case. */
  @Test
  void opcodes_areNames() {
    for (Opcode opcode : Opcode.values()) {
      assertTrue(Opcode.describe(opcode.number()).matches("[a-z][a-z0-9_]*"));
    }
  }

  /** Collects calls and methods. */
  private final class Collector extends TreePathScanner<Void, Void> {
    private List<TreePath> at(List<? extends Tree> trees) {
      return trees.stream().map(tree -> new TreePath(getCurrentPath(), tree)).toList();
    }

    @Override
    public Void visitMethodInvocation(MethodInvocationTree tree, Void none) {
      List<TreePath> given = at(tree.getArguments());
      switch (tree.getMethodSelect()) {
        case MemberSelectTree select ->
            calls.add(
                new Call(
                    getCurrentPath(),
                    select.getExpression().toString(),
                    select.getIdentifier().toString(),
                    given));
        case ExpressionTree name -> {
          boolean isConstructor = name.toString().equals("this");
          String called = isConstructor ? nameOf(classAround(getCurrentPath())) : name.toString();
          calls.add(new Call(getCurrentPath(), "", called, given));
        }
      }
      return super.visitMethodInvocation(tree, none);
    }

    @Override
    public Void visitNewClass(NewClassTree tree, Void none) {
      String type = tree.getIdentifier().toString();
      String name = type.substring(type.lastIndexOf('.') + 1);
      calls.add(new Call(getCurrentPath(), name, name, at(tree.getArguments())));
      return super.visitNewClass(tree, none);
    }

    @Override
    public Void visitMethod(MethodTree tree, Void none) {
      methods.add(getCurrentPath());
      return super.visitMethod(tree, none);
    }
  }

  private void follow(Taker taker) {
    if (seen.add(taker)) {
      left.add(taker);
    }
  }

  /** Returns whether a call may be of a method: its receiver is of the class, or may be. */
  private boolean isCall(Call call, Taker taker) {
    if (!call.name.equals(taker.method) || call.given.size() != taker.arity) {
      return false;
    }
    if (isPrivate(taker) && !isWithin(call.path, taker.owner)) {
      return false;
    }
    if (call.receiver.isEmpty()) {
      for (TreePath outer = classAround(call.path); outer != null; outer = classAround(outer)) {
        if (nameOf(outer).equals(taker.owner)) {
          return true;
        }
        if (declares(outer, taker.method, taker.arity)) {
          return false;
        }
      }
      return true; // inherited
    }
    return !Character.isUpperCase(call.receiver.charAt(0)) || call.receiver.equals(taker.owner);
  }

  private boolean isPrivate(Taker taker) {
    return methods.stream()
        .filter(path -> nameOf(classAround(path)).equals(taker.owner))
        .map(path -> (MethodTree) path.getLeaf())
        .filter(it -> it.getName().contentEquals(taker.method))
        .filter(it -> it.getParameters().size() == taker.arity)
        .anyMatch(it -> it.getModifiers().getFlags().contains(Modifier.PRIVATE));
  }

  private static boolean isWithin(TreePath path, String type) {
    for (TreePath outer = classAround(path); outer != null; outer = classAround(outer)) {
      if (nameOf(outer).equals(type)) {
        return true;
      }
    }
    return false;
  }

  private boolean declares(TreePath type, String method, int arity) {
    return methods.stream()
        .filter(path -> classAround(path).getLeaf() == type.getLeaf())
        .map(path -> (MethodTree) path.getLeaf())
        .anyMatch(it -> it.getName().contentEquals(method) && it.getParameters().size() == arity);
  }

  private static TreePath classAround(TreePath path) {
    TreePath outer = path.getParentPath();
    while (outer != null && !(outer.getLeaf() instanceof ClassTree)) {
      outer = outer.getParentPath();
    }
    return outer;
  }

  private static String nameOf(TreePath type) {
    return ((ClassTree) type.getLeaf()).getSimpleName().toString();
  }

  // ---- what is given -------------------------------------------------------------------------

  private void lookAt(TreePath path) {
    switch (path.getLeaf()) {
      case LiteralTree literal -> note(String.valueOf(literal.getValue()), path);
      case ConditionalExpressionTree either -> {
        lookAt(new TreePath(path, either.getTrueExpression()));
        lookAt(new TreePath(path, either.getFalseExpression()));
      }
      case NewArrayTree array ->
          array.getInitializers().forEach(each -> lookAt(new TreePath(path, each)));
      case ArrayAccessTree access -> lookAt(new TreePath(path, access.getExpression()));
      case BinaryTree sum when sum.getLeftOperand() instanceof LiteralTree prefix ->
          note(prefix.getValue() + "0", path); // and a number
      case MemberSelectTree constant when constant.toString().startsWith("SystemCall.") -> {}
      case IdentifierTree name -> lookAtVariable(path, name.getName().toString());
      case MethodInvocationTree call -> lookAtCall(path, call);
      default -> offend(path);
    }
  }

  private void lookAtCall(TreePath path, MethodInvocationTree call) {
    String text = call.getMethodSelect().toString();
    if (text.equals("Opcode.describe")) {
      return; // see opcodes_areNames
    }
    String name = text.substring(text.lastIndexOf('.') + 1);
    int arity = call.getArguments().size();
    if (text.contains(".")) { // only steps of transactions are asked for theirs
      if (name.equals("operation")) {
        follow(new Taker("Kind", "Kind", 1, 0)); // of a step; see opcodes_areNames for raw ones
      } else if (mayBeText(name)) {
        offend(path);
      }
      return;
    }
    boolean found = false;
    for (TreePath method : methods) {
      MethodTree tree = (MethodTree) method.getLeaf();
      if (tree.getName().contentEquals(name)
          && tree.getParameters().size() == arity
          && nameOf(classAround(method)).equals(nameOf(classAround(path)))
          && "String".equals(String.valueOf(tree.getReturnType()))) {
        found = true;
        if (!returned.add(tree)) {
          continue;
        }
        new TreePathScanner<Void, Void>() {
          @Override
          public Void visitReturn(ReturnTree statement, Void none) {
            lookAt(new TreePath(getCurrentPath(), statement.getExpression()));
            return null;
          }
        }.scan(method, null);
      }
    }
    if (!found && mayBeText(name)) {
      offend(path);
    }
  }

  /** Returns whether some method of this name returns text; else it is another overload's. */
  private boolean mayBeText(String method) {
    return Set.of("formatted", "format", "toString", "toLowerCase", "name").contains(method)
        || methods.stream()
            .map(path -> (MethodTree) path.getLeaf())
            .filter(it -> it.getName().contentEquals(method))
            .anyMatch(it -> "String".equals(String.valueOf(it.getReturnType())));
  }

  /** Follows a variable, wherever it is declared: in a method, as a parameter, in a class. */
  private void lookAtVariable(TreePath path, String name) {
    for (TreePath outer = path.getParentPath(); outer != null; outer = outer.getParentPath()) {
      if (outer.getLeaf() instanceof MethodTree method) {
        List<? extends VariableTree> parameters = method.getParameters();
        for (int i = 0; i < parameters.size(); i++) {
          if (parameters.get(i).getName().contentEquals(name)
              && parameters.get(i).getType().toString().equals("String")) {
            String owner = nameOf(classAround(outer));
            boolean isConstructor = method.getName().contentEquals("<init>");
            String called = isConstructor ? owner : method.getName().toString();
            follow(new Taker(owner, called, parameters.size(), i));
            return;
          }
        }
      }
      if (outer.getLeaf() instanceof MethodTree || outer.getLeaf() instanceof ClassTree) {
        List<TreePath> initial = initialValues(outer, name);
        if (!initial.isEmpty()) {
          initial.forEach(this::lookAt);
          return;
        }
      }
    }
    offend(path);
  }

  private static List<TreePath> initialValues(TreePath scope, String name) {
    List<TreePath> found = new ArrayList<>();
    new TreePathScanner<Void, Void>() {
      @Override
      public Void visitVariable(VariableTree tree, Void none) {
        if (tree.getName().contentEquals(name) && tree.getInitializer() != null) {
          found.add(new TreePath(getCurrentPath(), tree.getInitializer()));
        }
        return super.visitVariable(tree, none);
      }
    }.scan(scope, null);
    return found;
  }

  private void note(String name, TreePath path) {
    names.add(name);
    if (!name.matches("[a-z][a-z0-9_]*|IORING_REGISTER_[A-Z0-9_]+")) {
      offend(path);
    }
  }

  private void offend(TreePath path) {
    offences.add(nameOf(classAround(path)) + ": " + path.getLeaf());
  }
}
