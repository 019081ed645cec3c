//! One connection. The loop it belongs to reads, handles and writes; other loops only put messages
//! into its queue.
const std = @import("std");
const linux = std.os.linux;
const Io = std.Io;
const DoublyLinkedList = std.DoublyLinkedList;
const frames = @import("frame.zig");
const http = @import("http.zig");
const queues = @import("queue.zig");
const Counters = @import("server.zig").Counters;
const Hub = @import("hub.zig").Hub;
const Loop = @import("loop.zig").Loop;
const Message = @import("message.zig").Message;
const Request = @import("protocol.zig").Request;
const Server = @import("server.zig").Server;
const TokenBucket = @import("token_bucket.zig");

pub const Client = struct {
    const State = enum {
        /// Its request is not there to its end.
        handshake,
        chat,
        echo,
        /// Ends when all that waits for it is written.
        closing,
        /// Gone; its memory is freed at the end of the turn.
        closed,
    };
    const Room = Hub(Client).Room;
    const Error = error{ Malformed, TooLarge, InvalidUtf8, OutOfMemory };

    server: *Server,
    loop: *Loop,
    fd: linux.fd_t,
    state: State = .handshake,
    is_counted: bool = false,

    /// What came in and is not handled: the beginning of a frame as a rule.
    inbound: std.ArrayList(u8) = .empty,
    /// The parts so far of a message that comes in several frames, and what it is.
    parts: std.ArrayList(u8) = .empty,
    parts_opcode: ?frames.Opcode = null,

    rooms: std.StringHashMapUnmanaged(*Room) = .empty,
    allowance: TokenBucket,
    is_alive: bool = true,
    ping_due_ns: i64,
    ping_node: DoublyLinkedList.Node = .{},

    /// For what other threads touch too, down to the end of these fields.
    mutex: Io.Mutex = .init,
    queue: queues.Queue = .{},
    /// The kernel takes no more for now.
    is_blocked: bool = false,
    is_touched: bool = false,
    touched_node: DoublyLinkedList.Node = .{},

    pub fn create(loop: *Loop, fd: linux.fd_t) error{OutOfMemory}!*Client {
        const server = loop.server;
        const client = try server.gpa.create(Client);
        client.* = .{
            .server = server,
            .loop = loop,
            .fd = fd,
            .allowance = .init(server.options.rate_limit, loop.now_ns),
            .ping_due_ns = loop.now_ns + loop.ping_interval_ns,
        };
        return client;
    }

    pub fn destroy(client: *Client) void {
        const gpa = client.server.gpa;
        _ = linux.close(client.fd);
        client.queue.clear();
        client.inbound.deinit(gpa);
        client.parts.deinit(gpa);
        client.rooms.deinit(gpa);
        gpa.destroy(client);
    }

    /// Shares the message with this client unless its queue is full. Never waits, on any thread.
    pub fn trySend(client: *Client, message: *Message) bool {
        return client.enqueue(message, .message);
    }

    fn enqueue(client: *Client, message: *Message, kind: queues.Kind) bool {
        client.mutex.lockUncancelable(client.server.io);
        defer client.mutex.unlock(client.server.io);
        // Full within one turn: what has not been tried yet may still go out.
        if (!client.queue.hasRoom(kind)) client.drain();
        if (!client.queue.push(message, kind)) return false;
        client.touchLocked();
        return true;
    }

    /// Makes the loop look at it before the turn ends.
    fn touchLocked(client: *Client) void {
        if (client.is_touched) return;
        client.is_touched = true;
        client.loop.touch(client);
    }

    /// Writes as much as the kernel takes. The caller holds the mutex.
    fn drain(client: *Client) void {
        while (!client.is_blocked and !client.queue.isEmpty()) {
            var space: queues.Queue.Vectors = undefined;
            const vectors = client.queue.vectors(&space);
            const header: linux.msghdr_const = .{
                .name = null,
                .namelen = 0,
                .iov = vectors.ptr,
                .iovlen = vectors.len,
                .control = null,
                .controllen = 0,
                .flags = 0,
            };
            const written = linux.sendmsg(client.fd, &header, linux.MSG.NOSIGNAL);
            switch (linux.errno(written)) {
                .SUCCESS => client.queue.consume(written),
                .INTR => {},
                .AGAIN => client.setBlocked(true),
                // Broken: epoll says so as well, and the loop ends the connection.
                else => return client.queue.clear(),
            }
        }
    }

    fn setBlocked(client: *Client, is_blocked: bool) void {
        client.is_blocked = is_blocked;
        // An echo that nobody takes is not worth reading for.
        const input: u32 = if (is_blocked and client.state == .echo) 0 else linux.EPOLL.IN;
        client.loop.watch(client, if (is_blocked) input | linux.EPOLL.OUT else input);
    }

    /// The kernel takes more again.
    pub fn onWritable(client: *Client) void {
        client.mutex.lockUncancelable(client.server.io);
        defer client.mutex.unlock(client.server.io);
        client.setBlocked(false);
        client.touchLocked();
    }

    /// At the end of a turn in which it was touched.
    pub fn flush(client: *Client) void {
        const is_drained = drained: {
            client.mutex.lockUncancelable(client.server.io);
            defer client.mutex.unlock(client.server.io);
            client.is_touched = false;
            client.drain();
            break :drained client.queue.isEmpty();
        };
        switch (client.state) {
            .closing => if (is_drained) client.end(),
            .echo => if (client.inbound.items.len > 0) client.handleInbound(),
            else => {},
        }
    }

    /// Takes some of what the kernel has.
    pub fn onReadable(client: *Client) void {
        const scratch = client.loop.scratch;
        const received = linux.recvfrom(client.fd, scratch.ptr, scratch.len, 0, null, null);
        switch (linux.errno(received)) {
            .SUCCESS => {},
            .AGAIN, .INTR => return,
            else => return client.end(),
        }
        if (received == 0) return client.end();
        const bytes = scratch[0..received];
        // As a rule frames are whole, and nothing has to be kept.
        const is_continued = client.inbound.items.len > 0;
        const used = if (is_continued) 0 else client.consume(bytes);
        client.inbound.appendSlice(client.server.gpa, bytes[used..]) catch return client.end();
        if (is_continued) client.handleInbound();
    }

    fn handleInbound(client: *Client) void {
        const used = client.consume(client.inbound.items);
        if (used == client.inbound.items.len) {
            client.inbound.clearAndFree(client.server.gpa);
        } else {
            client.inbound.replaceRangeAssumeCapacity(0, used, &.{});
        }
    }

    /// Handles what is there to its end. Returns how many bytes are done with.
    fn consume(client: *Client, bytes: []u8) usize {
        var used: usize = 0;
        client.consumeSome(bytes, &used) catch |err| client.close(switch (err) {
            error.Malformed => 1002,
            error.InvalidUtf8 => 1007,
            error.TooLarge => 1009,
            error.OutOfMemory => 1011,
        });
        // Behind a Close nothing means anything.
        return if (client.state == .closing or client.state == .closed) bytes.len else used;
    }

    fn consumeSome(client: *Client, bytes: []u8, used: *usize) Error!void {
        if (client.state == .handshake) {
            const len = try http.headLen(bytes) orelse return;
            try client.shakeHands(bytes[0..len]);
            used.* = len;
        }
        while (client.takesFrames()) {
            const frame = try frames.parse(bytes[used.*..]) orelse return;
            used.* += frame.size;
            try client.onFrame(frame);
        }
    }

    fn shakeHands(client: *Client, head: []u8) Error!void {
        var space: [http.answer_bytes_max]u8 = undefined;
        var out: Io.Writer = .fixed(&space);
        const outcome = http.answer(head, &out, &client.server.counters) catch return client.end();
        client.state = switch (outcome) {
            .chat => .chat,
            .echo => .echo,
            .answered => .closing,
        };
        client.is_counted = outcome != .answered;
        if (client.is_counted) Counters.add(&client.server.counters.connections, 1);
        const message: *Message = try .plain(client.server.gpa, out.buffered());
        defer message.release();
        _ = client.enqueue(message, .control);
    }

    fn takesFrames(client: *Client) bool {
        if (client.state != .echo) return client.state == .chat;
        client.mutex.lockUncancelable(client.server.io);
        defer client.mutex.unlock(client.server.io);
        if (!client.queue.hasRoom(.message)) client.drain();
        return client.queue.hasRoom(.message);
    }

    fn onFrame(client: *Client, frame: frames.Frame) Error!void {
        switch (frame.opcode) {
            .ping => try client.sendControl(.pong, frame.payload),
            .pong => client.is_alive = true,
            .connection_close => try client.onClose(frame.payload),
            .text, .binary => {
                if (client.parts_opcode != null) return error.Malformed;
                if (frame.is_final) return client.onMessage(frame.opcode, frame.payload);
                client.parts_opcode = frame.opcode;
                try client.parts.appendSlice(client.server.gpa, frame.payload);
            },
            .continuation => {
                const opcode = client.parts_opcode orelse return error.Malformed;
                const len = client.parts.items.len + frame.payload.len;
                if (len > frames.payload_bytes_max) return error.TooLarge;
                try client.parts.appendSlice(client.server.gpa, frame.payload);
                if (!frame.is_final) return;
                defer client.parts.clearAndFree(client.server.gpa);
                client.parts_opcode = null;
                try client.onMessage(opcode, client.parts.items);
            },
            _ => unreachable,
        }
    }

    fn onMessage(client: *Client, opcode: frames.Opcode, payload: []const u8) Error!void {
        if (opcode == .text and !std.unicode.utf8ValidateSlice(payload)) return error.InvalidUtf8;
        Counters.add(&client.server.counters.received, 1);
        if (client.state == .chat) return client.onRequest(payload);
        const message: *Message = try .framed(client.server.gpa, opcode, payload);
        defer message.release();
        client.sendCounted(message);
    }

    fn onRequest(client: *Client, payload: []const u8) error{OutOfMemory}!void {
        defer client.loop.resetArena();
        client.carryOut(payload) catch |err| try client.reply(.{
            .type = "error",
            .code = switch (err) {
                error.OutOfMemory => return error.OutOfMemory,
                error.Malformed => "malformed",
                error.UnknownType => "unknown_type",
                error.InvalidField => "invalid_field",
                error.NotJoined => "not_joined",
                error.RateLimited => "rate_limited",
            },
        });
    }

    fn carryOut(client: *Client, payload: []const u8) !void {
        switch (try Request.parse(client.loop.arena.allocator(), payload)) {
            .ping => |id| try client.reply(.{ .type = "pong", .id = id }),
            .join => |name| {
                if (!client.rooms.contains(name)) try client.join(name);
                try client.reply(.{ .type = "joined", .room = name });
            },
            .leave => |name| {
                const joined = client.rooms.fetchRemove(name) orelse return error.NotJoined;
                client.server.hub.leave(joined.value, client);
                try client.reply(.{ .type = "left", .room = name });
            },
            .chat => |chat| try client.say(client.rooms.get(chat.room) orelse return error.NotJoined, chat.text),
        }
    }

    fn join(client: *Client, name: []const u8) error{OutOfMemory}!void {
        try client.rooms.ensureUnusedCapacity(client.server.gpa, 1);
        const room = try client.server.hub.join(name, client);
        client.rooms.putAssumeCapacity(room.name, room);
    }

    fn say(client: *Client, room: *Room, text: []const u8) error{ RateLimited, OutOfMemory }!void {
        const server = client.server;
        if (!client.allowance.take(client.loop.now_ns)) {
            Counters.add(&server.counters.rate_limited, 1);
            return error.RateLimited;
        }
        const said = .{ .type = "message", .room = room.name, .text = text };
        const message: *Message = try .json(server.gpa, said, server.options.delivery_bytes);
        defer message.release();
        const handed = room.broadcast(server.io, message);
        Counters.add(&server.counters.sent, handed.sent);
        if (handed.dropped > 0) Counters.add(&server.counters.dropped, handed.dropped);
    }

    fn reply(client: *Client, value: anytype) error{OutOfMemory}!void {
        const message: *Message = try .json(client.server.gpa, value, 0);
        defer message.release();
        client.sendCounted(message);
    }

    fn sendCounted(client: *Client, message: *Message) void {
        const counters = &client.server.counters;
        Counters.add(if (client.trySend(message)) &counters.sent else &counters.dropped, 1);
    }

    /// Pongs beyond what the queue has room for are lost, like messages.
    fn sendControl(client: *Client, opcode: frames.Opcode, payload: []const u8) error{OutOfMemory}!void {
        const message: *Message = try .framed(client.server.gpa, opcode, payload);
        defer message.release();
        _ = client.enqueue(message, .control);
    }

    /// Whoever has not answered the ping before is cut.
    pub fn onPingDue(client: *Client) void {
        if (!client.is_alive or client.state == .handshake or client.state == .closing) return client.end();
        client.is_alive = false;
        client.sendControl(.ping, "") catch client.end();
    }

    fn onClose(client: *Client, payload: []const u8) Error!void {
        if (payload.len == 1) return error.Malformed;
        client.sendClose(payload[0..@min(payload.len, 2)]);
    }

    fn close(client: *Client, code: u16) void {
        if (client.state == .handshake) return client.end();
        var payload: [2]u8 = undefined;
        std.mem.writeInt(u16, &payload, code, .big);
        client.sendClose(&payload);
    }

    fn sendClose(client: *Client, payload: []const u8) void {
        client.sendControl(.connection_close, payload) catch return client.end();
        client.leaveRooms();
        client.state = .closing;
    }

    fn leaveRooms(client: *Client) void {
        var rooms = client.rooms.valueIterator();
        while (rooms.next()) |room| client.server.hub.leave(room.*, client);
        client.rooms.clearRetainingCapacity();
    }

    /// At once, whatever waits.
    fn end(client: *Client) void {
        if (client.state == .closed) return;
        client.leaveRooms();
        client.state = .closed;
        if (client.is_counted) Counters.add(&client.server.counters.connections, -1);
        client.loop.forget(client);
        client.mutex.lockUncancelable(client.server.io);
        defer client.mutex.unlock(client.server.io);
        client.touchLocked();
    }
};
