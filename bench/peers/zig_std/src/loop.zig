//! An epoll loop: one for each core, each with connections of its own. What a turn brings for a client
//! is written at the end of the turn, in as few system calls as its socket takes.
const std = @import("std");
const linux = std.os.linux;
const Io = std.Io;
const DoublyLinkedList = std.DoublyLinkedList;
const system = @import("system.zig");
const Client = @import("client.zig").Client;
const Server = @import("server.zig").Server;

const events_max = 256;
const scratch_bytes = 64 << 10;
const arena_bytes_kept = 64 << 10;

pub const Loop = struct {
    threadlocal var current: ?*Loop = null;

    /// What epoll tells an event by; any other value is a client's address.
    const listener_tag = 0;
    const wake_tag = 1;

    server: *Server,
    listener: linux.fd_t,
    epoll: linux.fd_t,
    wake: linux.fd_t,
    ping_interval_ns: i64,
    /// As of the beginning of the turn.
    now_ns: i64,
    /// What is read lands here; what a request needs until it is answered lies in the arena.
    scratch: []u8,
    arena: std.heap.ArenaAllocator,

    /// To be looked at before the turn ends.
    touched: DoublyLinkedList = .{},
    /// By when the next ping is due: the interval is the same for all, so the order never changes.
    pings: DoublyLinkedList = .{},

    /// Touched by other threads.
    inbox_mutex: Io.Mutex = .init,
    inbox: DoublyLinkedList = .{},

    pub fn init(server: *Server, listener: linux.fd_t) !Loop {
        var loop: Loop = .{
            .server = server,
            .listener = listener,
            .epoll = try system.descriptor(linux.epoll_create1(linux.EPOLL.CLOEXEC)),
            .wake = try system.descriptor(linux.eventfd(0, linux.EFD.CLOEXEC | linux.EFD.NONBLOCK)),
            .ping_interval_ns = server.options.ping_interval_ms * @as(i64, std.time.ns_per_ms),
            .now_ns = server.nowNs(),
            .scratch = try server.gpa.alloc(u8, scratch_bytes),
            .arena = .init(server.gpa),
        };
        // A connection wakes one of the loops, not all of them.
        try loop.add(listener, linux.EPOLL.IN | linux.EPOLL.EXCLUSIVE, listener_tag);
        try loop.add(loop.wake, linux.EPOLL.IN, wake_tag);
        return loop;
    }

    fn add(loop: *Loop, fd: linux.fd_t, events: u32, tag: usize) !void {
        var event: linux.epoll_event = .{ .events = events, .data = .{ .ptr = tag } };
        _ = try system.check(linux.epoll_ctl(loop.epoll, linux.EPOLL.CTL_ADD, fd, &event));
    }

    /// What epoll is to tell of this client; from any thread.
    pub fn watch(loop: *Loop, client: *Client, events: u32) void {
        var event: linux.epoll_event = .{ .events = events, .data = .{ .ptr = @intFromPtr(client) } };
        const result = linux.epoll_ctl(loop.epoll, linux.EPOLL.CTL_MOD, client.fd, &event);
        std.debug.assert(linux.errno(result) == .SUCCESS);
    }

    pub fn run(loop: *Loop) !void {
        current = loop;
        var events: [events_max]linux.epoll_event = undefined;
        while (true) {
            const ready = linux.epoll_wait(loop.epoll, &events, events_max, loop.waitMs());
            loop.now_ns = loop.server.nowNs();
            if (linux.errno(ready) == .INTR) continue;
            for (events[0..try system.check(ready)]) |event| loop.handle(event);
            loop.pingThoseDue();
            while (loop.touched.popFirst()) |node| {
                const client: *Client = @fieldParentPtr("touched_node", node);
                if (client.state == .closed) client.destroy() else client.flush();
            }
        }
    }

    fn handle(loop: *Loop, event: linux.epoll_event) void {
        switch (event.data.ptr) {
            listener_tag => loop.accept(),
            wake_tag => loop.takeInbox(),
            else => |address| {
                const client: *Client = @ptrFromInt(address);
                if (client.state == .closed) return;
                if (event.events & linux.EPOLL.OUT != 0) client.onWritable();
                if (event.events & ~@as(u32, linux.EPOLL.OUT) != 0) client.onReadable();
            },
        }
    }

    /// One at a time, so that the other loops get theirs.
    fn accept(loop: *Loop) void {
        const flags = linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK;
        const accepted = linux.accept4(loop.listener, null, null, flags);
        switch (linux.errno(accepted)) {
            .SUCCESS => loop.adopt(@intCast(accepted)) catch |err| std.log.err("accept: {t}", .{err}),
            .AGAIN, .INTR, .CONNABORTED => {},
            // Out of descriptors, for instance: the next one may fare better.
            else => |err| std.log.err("accept: {t}", .{err}),
        }
    }

    fn adopt(loop: *Loop, fd: linux.fd_t) !void {
        errdefer _ = linux.close(fd);
        const client = try Client.create(loop, fd);
        errdefer loop.server.gpa.destroy(client);
        try loop.add(fd, linux.EPOLL.IN, @intFromPtr(client));
        loop.pings.append(&client.ping_node);
    }

    /// Has the client looked at before the turn ends, or soon when another thread asks for it.
    pub fn touch(loop: *Loop, client: *Client) void {
        if (current == loop) return loop.touched.append(&client.touched_node);
        loop.inbox_mutex.lockUncancelable(loop.server.io);
        const was_empty = loop.inbox.first == null;
        loop.inbox.append(&client.touched_node);
        loop.inbox_mutex.unlock(loop.server.io);
        if (!was_empty) return;
        const one: u64 = 1;
        _ = linux.write(loop.wake, std.mem.asBytes(&one), @sizeOf(u64));
    }

    fn takeInbox(loop: *Loop) void {
        var count: u64 = 0;
        _ = linux.read(loop.wake, std.mem.asBytes(&count), @sizeOf(u64));
        loop.inbox_mutex.lockUncancelable(loop.server.io);
        defer loop.inbox_mutex.unlock(loop.server.io);
        loop.touched.concatByMoving(&loop.inbox);
    }

    /// No more pings for this client.
    pub fn forget(loop: *Loop, client: *Client) void {
        loop.pings.remove(&client.ping_node);
    }

    fn pingThoseDue(loop: *Loop) void {
        while (loop.pings.first) |node| {
            const client: *Client = @fieldParentPtr("ping_node", node);
            if (client.ping_due_ns > loop.now_ns) return;
            loop.pings.remove(node);
            loop.pings.append(node);
            client.ping_due_ns = loop.now_ns + loop.ping_interval_ns;
            client.onPingDue();
        }
    }

    /// Until the next ping is due; -1 = for as long as it takes.
    fn waitMs(loop: *Loop) i32 {
        const node = loop.pings.first orelse return -1;
        const client: *Client = @fieldParentPtr("ping_node", node);
        const wait_ns = @max(0, client.ping_due_ns - loop.server.nowNs());
        return @intCast(@min(std.math.maxInt(i32), @divTrunc(wait_ns, std.time.ns_per_ms) + 1));
    }

    pub fn resetArena(loop: *Loop) void {
        _ = loop.arena.reset(.{ .retain_with_limit = arena_bytes_kept });
    }
};
