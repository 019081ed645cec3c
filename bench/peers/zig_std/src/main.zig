//! A chat room on Zig's standard library: an epoll loop for each core, a lock for each room, and a queue
//! of 64 messages for each client that is never waited for.
const std = @import("std");
const Loop = @import("loop.zig").Loop;
const Options = @import("options.zig").Options;
const Server = @import("server.zig").Server;
const system = @import("system.zig");

const stack_bytes = 256 << 10;

pub fn main(process: std.process.Init) !void {
    var arguments = process.minimal.args.iterate();
    _ = arguments.skip();
    const options = Options.parse(&arguments) catch refuse(Options.usage);
    const address = std.Io.net.IpAddress.parse(options.host, options.port) catch refuse("--host takes an IP address.\n");

    system.endOnTerminate();
    try system.raiseDescriptorLimit();
    const listener = try system.listen(address);
    var server: Server = .{
        .io = process.io,
        .gpa = process.gpa,
        .options = options,
        .hub = .{ .io = process.io, .gpa = process.gpa },
    };
    const loops = try process.arena.allocator().alloc(Loop, try std.Thread.getCpuCount());
    for (loops) |*loop| loop.* = try .init(&server, loops, listener);
    try loops[0].listen();
    std.debug.print("{{\"port\":{d},\"msg\":\"listening\"}}\n", .{try system.portOf(listener)});
    for (loops[1..]) |*loop| {
        const thread = try std.Thread.spawn(.{ .stack_size = stack_bytes }, run, .{loop});
        thread.detach();
    }
    run(&loops[0]);
}

/// A loop that ends takes the others with it: its connections would hang.
fn run(loop: *Loop) void {
    loop.run() catch |err| std.process.fatal("{t}", .{err});
}

fn refuse(message: []const u8) noreturn {
    std.debug.print("{s}", .{message});
    std.process.exit(2);
}

test {
    _ = @import("frame.zig");
    _ = @import("http.zig");
    _ = @import("hub.zig");
    _ = @import("message.zig");
    _ = @import("options.zig");
    _ = @import("protocol.zig");
    _ = @import("queue.zig");
    _ = @import("token_bucket.zig");
}
