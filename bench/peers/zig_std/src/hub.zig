//! Rooms, and who is in them. A member is anything that has `trySend(*Message) bool`.
const std = @import("std");
const Io = std.Io;
const Allocator = std.mem.Allocator;
const Message = @import("message.zig").Message;

pub const Handed = struct { sent: i64 = 0, dropped: i64 = 0 };

pub fn Hub(comptime Member: type) type {
    return struct {
        const Self = @This();

        io: Io,
        gpa: Allocator,
        mutex: Io.Mutex = .init,
        rooms: std.StringHashMapUnmanaged(*Room) = .empty,

        /// Lives as long as it has members.
        pub const Room = struct {
            name: []const u8,
            /// Held while a message is handed out: that is what gives all members one order.
            mutex: Io.Mutex = .init,
            members: std.AutoArrayHashMapUnmanaged(*Member, void) = .empty,

            /// Gives the message to every member that has space for it.
            pub fn broadcast(room: *Room, io: Io, message: *Message) Handed {
                room.mutex.lockUncancelable(io);
                defer room.mutex.unlock(io);
                var handed: Handed = .{};
                for (room.members.keys()) |member| {
                    if (member.trySend(message)) handed.sent += 1 else handed.dropped += 1;
                }
                return handed;
            }
        };

        pub fn join(hub: *Self, name: []const u8, member: *Member) Allocator.Error!*Room {
            hub.mutex.lockUncancelable(hub.io);
            defer hub.mutex.unlock(hub.io);
            const room = hub.rooms.get(name) orelse try hub.open(name);
            errdefer hub.closeIfEmpty(room);
            room.mutex.lockUncancelable(hub.io);
            defer room.mutex.unlock(hub.io);
            try room.members.put(hub.gpa, member, {});
            return room;
        }

        pub fn leave(hub: *Self, room: *Room, member: *Member) void {
            hub.mutex.lockUncancelable(hub.io);
            defer hub.mutex.unlock(hub.io);
            {
                room.mutex.lockUncancelable(hub.io);
                defer room.mutex.unlock(hub.io);
                _ = room.members.swapRemove(member);
            }
            hub.closeIfEmpty(room);
        }

        fn open(hub: *Self, name: []const u8) Allocator.Error!*Room {
            const room = try hub.gpa.create(Room);
            errdefer hub.gpa.destroy(room);
            room.* = .{ .name = try hub.gpa.dupe(u8, name) };
            errdefer hub.gpa.free(room.name);
            try hub.rooms.put(hub.gpa, room.name, room);
            return room;
        }

        fn closeIfEmpty(hub: *Self, room: *Room) void {
            if (room.members.count() > 0) return;
            _ = hub.rooms.remove(room.name);
            room.members.deinit(hub.gpa);
            hub.gpa.free(room.name);
            hub.gpa.destroy(room);
        }

        pub fn deinit(hub: *Self) void {
            hub.rooms.deinit(hub.gpa);
        }
    };
}

const Listener = struct {
    room_for: usize,
    heard: usize = 0,

    fn trySend(listener: *Listener, _: *Message) bool {
        if (listener.heard == listener.room_for) return false;
        listener.heard += 1;
        return true;
    }
};

test "members hear what is said in their room until they leave" {
    const io = std.testing.io;
    const message = try Message.plain(std.testing.allocator, "x");
    defer message.release();
    var hub: Hub(Listener) = .{ .io = io, .gpa = std.testing.allocator };
    defer hub.deinit();
    var first: Listener = .{ .room_for = 8 };
    var second: Listener = .{ .room_for = 8 };
    const a = try hub.join("a", &first);
    try std.testing.expectEqual(a, try hub.join("a", &second));
    const b = try hub.join("b", &first);
    try std.testing.expectEqual(Handed{ .sent = 2 }, a.broadcast(io, message));
    hub.leave(a, &second);
    try std.testing.expectEqual(Handed{ .sent = 1 }, a.broadcast(io, message));
    try std.testing.expectEqual(Handed{ .sent = 1 }, b.broadcast(io, message));
    try std.testing.expectEqual(3, first.heard);
    try std.testing.expectEqual(1, second.heard);
    hub.leave(a, &first);
    try std.testing.expectEqual(1, hub.rooms.count());
    hub.leave(b, &first);
    try std.testing.expectEqual(0, hub.rooms.count());
}

test "who has no space loses the message alone" {
    const io = std.testing.io;
    const message = try Message.plain(std.testing.allocator, "x");
    defer message.release();
    var hub: Hub(Listener) = .{ .io = io, .gpa = std.testing.allocator };
    defer hub.deinit();
    var slow: Listener = .{ .room_for = 1 };
    var fast: Listener = .{ .room_for = 8 };
    const room = try hub.join("a", &slow);
    _ = try hub.join("a", &fast);
    _ = room.broadcast(io, message);
    try std.testing.expectEqual(Handed{ .sent = 1, .dropped = 1 }, room.broadcast(io, message));
    try std.testing.expectEqual(2, fast.heard);
    hub.leave(room, &slow);
    hub.leave(room, &fast);
}
