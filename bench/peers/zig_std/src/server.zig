//! What all connections share.
const std = @import("std");
const Io = std.Io;
const Allocator = std.mem.Allocator;
const Client = @import("client.zig").Client;
const Hub = @import("hub.zig").Hub;
const Options = @import("options.zig").Options;

pub const Server = struct {
    io: Io,
    gpa: Allocator,
    options: Options,
    hub: Hub(Client),
    counters: Counters = .{},

    pub fn nowNs(server: *const Server) i64 {
        return @intCast(Io.Clock.awake.now(server.io).nanoseconds);
    }
};

/// What `/stats` tells.
pub const Counters = struct {
    const Counter = std.atomic.Value(i64);

    connections: Counter = .init(0),
    received: Counter = .init(0),
    sent: Counter = .init(0),
    dropped: Counter = .init(0),
    rate_limited: Counter = .init(0),

    pub fn add(counter: *Counter, amount: i64) void {
        _ = counter.fetchAdd(amount, .monotonic);
    }

    pub fn writeJson(counters: *const Counters, out: *Io.Writer) Io.Writer.Error!void {
        var json: std.json.Stringify = .{ .writer = out };
        try json.beginObject();
        inline for (comptime std.meta.fieldNames(Counters)) |name| {
            try json.objectField(name);
            try json.write(@field(counters, name).load(.monotonic));
        }
        try json.endObject();
    }
};
