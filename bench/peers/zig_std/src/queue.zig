//! What waits to be written to one client: a ring with a place for each message that may wait, and a
//! few more for control frames.
const std = @import("std");
const posix = std.posix;
const Message = @import("message.zig").Message;

pub const messages_max = 64;
const control_max = 4;

pub const Kind = enum { message, control };

pub const Queue = struct {
    const places = messages_max + control_max;

    ring: [places]*Message = undefined,
    head: usize = 0,
    len: usize = 0,
    /// Bytes of the first message that are written already.
    written: usize = 0,

    pub fn isEmpty(queue: *const Queue) bool {
        return queue.len == 0;
    }

    pub fn hasRoom(queue: *const Queue, kind: Kind) bool {
        return queue.len < switch (kind) {
            .message => @as(usize, messages_max),
            .control => places,
        };
    }

    /// Shares the message; false when there is no room for it.
    pub fn push(queue: *Queue, message: *Message, kind: Kind) bool {
        if (!queue.hasRoom(kind)) return false;
        queue.ring[(queue.head + queue.len) % places] = message.retain();
        queue.len += 1;
        return true;
    }

    pub const Vectors = [places]posix.iovec_const;

    /// All that waits, in order.
    pub fn vectors(queue: *const Queue, space: *Vectors) []posix.iovec_const {
        for (space[0..queue.len], 0..) |*vector, index| {
            const skip = if (index == 0) queue.written else 0;
            const bytes = queue.ring[(queue.head + index) % places].bytes()[skip..];
            vector.* = .{ .base = bytes.ptr, .len = bytes.len };
        }
        return space[0..queue.len];
    }

    /// Lets go of the first `count` bytes, which are written.
    pub fn consume(queue: *Queue, count: usize) void {
        queue.written += count;
        while (queue.len > 0) {
            const first = queue.ring[queue.head];
            const size = first.bytes().len;
            if (queue.written < size) return;
            queue.written -= size;
            queue.head = (queue.head + 1) % places;
            queue.len -= 1;
            first.release();
        }
    }

    pub fn clear(queue: *Queue) void {
        for (0..queue.len) |index| queue.ring[(queue.head + index) % places].release();
        queue.* = .{};
    }
};

test "a full queue takes no message, but still a control frame" {
    const message = try Message.plain(std.testing.allocator, "x");
    defer message.release();
    var queue: Queue = .{};
    defer queue.clear();
    for (0..messages_max) |_| try std.testing.expect(queue.push(message, .message));
    try std.testing.expect(!queue.push(message, .message));
    for (0..control_max) |_| try std.testing.expect(queue.push(message, .control));
    try std.testing.expect(!queue.push(message, .control));
}

test "bytes leave in order, however many at a time" {
    const gpa = std.testing.allocator;
    for (1..8) |portion| {
        var queue: Queue = .{};
        defer queue.clear();
        var left: [400]u8 = undefined;
        var left_len: usize = 0;
        for (0..100) |index| {
            const message = try Message.plain(gpa, &.{ @truncate(index), 1, 2, 3 });
            defer message.release();
            try std.testing.expect(queue.push(message, .message));
            if (index % 3 != 2 and index < 99) continue;
            while (!queue.isEmpty()) {
                var space: Queue.Vectors = undefined;
                var count: usize = 0;
                for (queue.vectors(&space)) |vector| {
                    const some = vector.base[0..@min(vector.len, portion - count)];
                    @memcpy(left[left_len..][0..some.len], some);
                    left_len += some.len;
                    count += some.len;
                }
                queue.consume(count);
            }
        }
        try std.testing.expectEqual(left.len, left_len);
        for (0..100) |index| {
            try std.testing.expectEqualSlices(u8, &.{ @truncate(index), 1, 2, 3 }, left[index * 4 ..][0..4]);
        }
    }
}
