//! What clients say, in JSON.
const std = @import("std");
const Allocator = std.mem.Allocator;
const Value = std.json.Value;

pub const Request = union(enum) {
    join: []const u8,
    leave: []const u8,
    chat: struct { room: []const u8, text: []const u8 },
    ping: Value,

    pub const Error = error{ Malformed, UnknownType, InvalidField, OutOfMemory };

    const Fields = struct {
        type: Value = .null,
        room: Value = .null,
        text: Value = .null,
        id: Value = .null,
    };

    const Type = enum { join, leave, chat, ping };

    /// Its strings live as long as what `arena` allocated.
    pub fn parse(arena: Allocator, payload: []const u8) Error!Request {
        const fields = std.json.parseFromSliceLeaky(Fields, arena, payload, .{
            .ignore_unknown_fields = true,
            .duplicate_field_behavior = .use_last,
        }) catch |err| return if (err == error.OutOfMemory) error.OutOfMemory else error.Malformed;
        const name = string(fields.type) catch return error.UnknownType;
        return switch (std.meta.stringToEnum(Type, name) orelse return error.UnknownType) {
            .join => .{ .join = try string(fields.room) },
            .leave => .{ .leave = try string(fields.room) },
            .chat => .{ .chat = .{ .room = try string(fields.room), .text = try string(fields.text) } },
            .ping => switch (fields.id) {
                .array, .object => error.InvalidField,
                else => .{ .ping = fields.id },
            },
        };
    }

    fn string(value: Value) error{InvalidField}![]const u8 {
        return switch (value) {
            .string => |text| text,
            else => error.InvalidField,
        };
    }
};

fn expectRequest(expected: anyerror!Request, payload: []const u8) !void {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    try std.testing.expectEqualDeep(expected, @as(anyerror!Request, Request.parse(arena.allocator(), payload)));
}

test "requests are read, unknown fields are ignored" {
    try expectRequest(.{ .join = "r" }, "{\"type\":\"join\",\"room\":\"r\",\"more\":[{}]}");
    try expectRequest(.{ .leave = "\u{e9}" }, "{\"room\":\"\\u00e9\",\"type\":\"leave\"}");
    try expectRequest(.{ .chat = .{ .room = "r", .text = "" } }, "{\"type\":\"chat\",\"room\":\"r\",\"text\":\"\"} ");
    try expectRequest(.{ .ping = .{ .string = "p1" } }, "{\"type\":\"ping\",\"id\":\"p1\"}");
    try expectRequest(.{ .ping = .null }, "{\"type\":\"ping\"}");
}

test "what makes no sense is told apart" {
    for ([_][]const u8{ "", "Hello", "{\"type\":\"chat\"", "[]", "7", "{} {}", "{\"type\":\"\xc3\x28\"}" }) |payload| {
        try expectRequest(error.Malformed, payload);
    }
    for ([_][]const u8{ "{}", "{\"type\":\"sing\"}", "{\"type\":7}" }) |payload| {
        try expectRequest(error.UnknownType, payload);
    }
    for ([_][]const u8{
        "{\"type\":\"join\"}",
        "{\"type\":\"join\",\"room\":7}",
        "{\"type\":\"join\",\"room\":[65]}",
        "{\"type\":\"chat\",\"room\":\"r\"}",
        "{\"type\":\"ping\",\"id\":[[]]}",
    }) |payload| try expectRequest(error.InvalidField, payload);
}
