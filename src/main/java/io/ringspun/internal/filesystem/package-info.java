/**
 * The file system {@code ring}: paths, attribute views, directory streams, the watch service and
 * the handler of URLs. {@link io.ringspun.file.RingFileSystems} makes its paths, and the JDK finds
 * its providers as services.
 */
package io.ringspun.internal.filesystem;
