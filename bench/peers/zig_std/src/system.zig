//! System calls that `std.Io` has no word for.
const std = @import("std");
const linux = std.os.linux;
const posix = std.posix;
const Threaded = std.Io.Threaded;

const backlog = 4096;

/// What a system call returned, unless that is an error.
pub fn check(result: usize) posix.UnexpectedError!usize {
    return switch (linux.errno(result)) {
        .SUCCESS => result,
        else => |err| posix.unexpectedErrno(err),
    };
}

pub fn descriptor(result: usize) posix.UnexpectedError!linux.fd_t {
    return @intCast(try check(result));
}

/// A TCP socket that listens. `std.Io.net` would have it block, and share its port.
pub fn listen(address: std.Io.net.IpAddress) !linux.fd_t {
    const flags = linux.SOCK.STREAM | linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC;
    const fd = try descriptor(linux.socket(Threaded.posixAddressFamily(&address), flags, 0));
    errdefer _ = linux.close(fd);
    const on = std.mem.asBytes(&@as(c_int, 1));
    try posix.setsockopt(fd, linux.SOL.SOCKET, linux.SO.REUSEADDR, on);
    // Those it accepts inherit this.
    try posix.setsockopt(fd, linux.IPPROTO.TCP, linux.TCP.NODELAY, on);
    var bound: Threaded.PosixAddress = undefined;
    const len = Threaded.addressToPosix(&address, &bound);
    if (linux.errno(linux.bind(fd, &bound.any, len)) == .ADDRINUSE) return error.AddressInUse;
    _ = try check(linux.listen(fd, backlog));
    return fd;
}

pub fn portOf(fd: linux.fd_t) !u16 {
    var bound: Threaded.PosixAddress = undefined;
    var len: posix.socklen_t = @sizeOf(Threaded.PosixAddress);
    _ = try check(linux.getsockname(fd, &bound.any, &len));
    return Threaded.addressFromPosix(&bound).getPort();
}

/// As many descriptors as the system allows, not as many as it hands out by itself.
pub fn raiseDescriptorLimit() !void {
    var limit = try posix.getrlimit(.NOFILE);
    limit.cur = limit.max;
    try posix.setrlimit(.NOFILE, limit);
}

/// Process 1 of a container ignores it unless it is told what to do.
pub fn endOnTerminate() void {
    const action: posix.Sigaction = .{
        .handler = .{ .handler = onTerminate },
        .mask = posix.sigemptyset(),
        .flags = 0,
    };
    posix.sigaction(.TERM, &action, null);
}

fn onTerminate(_: posix.SIG) callconv(.c) void {
    linux.exit_group(0);
}
