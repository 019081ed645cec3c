//! The flags of the contract.
const std = @import("std");

pub const Options = struct {
    host: []const u8 = "127.0.0.1",
    port: u16 = 8080,
    rate_limit: u32 = 0,
    ping_interval_ms: u32 = 30_000,
    delivery_bytes: u32 = 0,

    pub const usage =
        \\usage: zig-std [--flag value]...
        \\  --host              address to listen on [127.0.0.1]
        \\  --port              TCP port; 0 takes a free one [8080]
        \\  --rate-limit        messages/s a client may send; 0 = no limit [0]
        \\  --ping-interval-ms  time between pings [30000]
        \\  --delivery-bytes    least size of an outgoing message; 0 = as it is [0]
        \\
    ;

    /// Takes the arguments behind the program's name from anything that has `next`.
    pub fn parse(arguments: anytype) error{InvalidOption}!Options {
        var options: Options = .{};
        while (arguments.next()) |flag| {
            const value = arguments.next() orelse return error.InvalidOption;
            try options.set(flag, value);
        }
        if (options.ping_interval_ms == 0) return error.InvalidOption;
        return options;
    }

    fn set(options: *Options, flag: []const u8, value: []const u8) error{InvalidOption}!void {
        inline for (comptime std.meta.fieldNames(Options)) |name| {
            if (std.mem.eql(u8, flag, comptime flagOf(name))) {
                const field = &@field(options, name);
                field.* = switch (@TypeOf(field.*)) {
                    []const u8 => value,
                    else => |Int| std.fmt.parseInt(Int, value, 10) catch return error.InvalidOption,
                };
                return;
            }
        }
        return error.InvalidOption;
    }

    fn flagOf(comptime name: []const u8) []const u8 {
        comptime var flag = ("--" ++ name)[0 .. name.len + 2].*;
        std.mem.replaceScalar(u8, &flag, '_', '-');
        const constant = flag;
        return &constant;
    }
};

const Words = struct {
    words: []const []const u8,
    at: usize = 0,

    fn next(words: *Words) ?[]const u8 {
        if (words.at == words.words.len) return null;
        defer words.at += 1;
        return words.words[words.at];
    }
};

test "flags are read, the others keep their values" {
    var words: Words = .{ .words = &.{ "--port", "0", "--ping-interval-ms", "200", "--host", "::1" } };
    const options = try Options.parse(&words);
    try std.testing.expectEqualDeep(Options{ .port = 0, .ping_interval_ms = 200, .host = "::1" }, options);
}

test "what is no flag, and values that make no sense, are refused" {
    for ([_][]const []const u8{
        &.{"--port"},
        &.{ "--port", "x" },
        &.{ "--port", "65536" },
        &.{ "--ping-interval-ms", "0" },
        &.{ "--mode", "frame" },
    }) |list| {
        var words: Words = .{ .words = list };
        try std.testing.expectError(error.InvalidOption, Options.parse(&words));
    }
}
