//! Bytes on their way out, shared by all who are to receive them.
const std = @import("std");
const Allocator = std.mem.Allocator;
const frame = @import("frame.zig");

pub const Message = struct {
    gpa: Allocator,
    references: std.atomic.Value(u32) = .init(1),
    buffer: []u8,
    start: usize,

    /// A frame of text with `value` as JSON. Blanks behind it mean nothing to its reader: they stand
    /// in for the fields of a larger one.
    pub fn json(gpa: Allocator, value: anytype, bytes_min: usize) Allocator.Error!*Message {
        var out: std.Io.Writer.Allocating = try .initCapacity(gpa, @max(bytes_min, 128) + frame.header_bytes_max);
        errdefer out.deinit();
        writeJson(&out.writer, value, bytes_min) catch return error.OutOfMemory;
        return finish(gpa, .text, try out.toOwnedSlice());
    }

    fn writeJson(out: *std.Io.Writer, value: anytype, bytes_min: usize) std.Io.Writer.Error!void {
        try out.splatByteAll(0, frame.header_bytes_max);
        try std.json.Stringify.value(value, .{}, out);
        try out.splatByteAll(' ', bytes_min -| (out.end - frame.header_bytes_max));
    }

    /// A frame with a copy of `payload`.
    pub fn framed(gpa: Allocator, opcode: frame.Opcode, payload: []const u8) Allocator.Error!*Message {
        const buffer = try gpa.alloc(u8, frame.header_bytes_max + payload.len);
        @memcpy(buffer[frame.header_bytes_max..], payload);
        return finish(gpa, opcode, buffer);
    }

    /// A copy of `content`, as it is.
    pub fn plain(gpa: Allocator, content: []const u8) Allocator.Error!*Message {
        const buffer = try gpa.dupe(u8, content);
        return create(gpa, buffer, 0);
    }

    fn finish(gpa: Allocator, opcode: frame.Opcode, buffer: []u8) Allocator.Error!*Message {
        const payload_len = buffer.len - frame.header_bytes_max;
        const start = frame.writeHeader(buffer[0..frame.header_bytes_max], opcode, payload_len);
        return create(gpa, buffer, start);
    }

    fn create(gpa: Allocator, buffer: []u8, start: usize) Allocator.Error!*Message {
        errdefer gpa.free(buffer);
        const message = try gpa.create(Message);
        message.* = .{ .gpa = gpa, .buffer = buffer, .start = start };
        return message;
    }

    pub fn bytes(message: *const Message) []const u8 {
        return message.buffer[message.start..];
    }

    pub fn retain(message: *Message) *Message {
        _ = message.references.fetchAdd(1, .monotonic);
        return message;
    }

    pub fn release(message: *Message) void {
        if (message.references.fetchSub(1, .acq_rel) != 1) return;
        message.gpa.free(message.buffer);
        message.gpa.destroy(message);
    }
};

test "a message is encoded, and padded to its size" {
    const encoded = "{\"type\":\"left\"}";
    for ([_]usize{ 0, 3, 50, 300 }) |bytes_min| {
        const message = try Message.json(std.testing.allocator, .{ .type = "left" }, bytes_min);
        defer message.release();
        const header_len: usize = if (bytes_min > 125) 4 else 2;
        const payload = message.bytes()[header_len..];
        try std.testing.expectEqual(@max(bytes_min, encoded.len), payload.len);
        try std.testing.expectEqualStrings(encoded, std.mem.trimEnd(u8, payload, " "));
    }
}

test "its bytes live as long as somebody holds it" {
    const message = try Message.framed(std.testing.allocator, .ping, "");
    const same = message.retain();
    message.release();
    try std.testing.expectEqualSlices(u8, &.{ 0x89, 0 }, same.bytes());
    same.release();
}
