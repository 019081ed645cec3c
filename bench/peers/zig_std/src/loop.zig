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
const accepted_max = 64;
const scratch_bytes = 64 << 10;
const arena_bytes_kept = 64 << 10;

pub const Loop = struct {
    threadlocal var current: ?*Loop = null;

    /// What epoll tells an event by; any other value is a client's address.
    const listener_tag = 0;
    const wake_tag = 1;

    server: *Server,
    /// All there are, this one included. The first one accepts, and deals out what comes in turn.
    loops: []Loop,
    next: usize = 0,
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

    /// Touched, and accepted, by other threads.
    inbox_mutex: Io.Mutex = .init,
    inbox: DoublyLinkedList = .{},
    arrivals: std.ArrayList(linux.fd_t) = .empty,

    pub fn init(server: *Server, loops: []Loop, listener: linux.fd_t) !Loop {
        const loop: Loop = .{
            .server = server,
            .loops = loops,
            .listener = listener,
            .epoll = try system.descriptor(linux.epoll_create1(linux.EPOLL.CLOEXEC)),
            .wake = try system.descriptor(linux.eventfd(0, linux.EFD.CLOEXEC | linux.EFD.NONBLOCK)),
            .ping_interval_ns = server.options.ping_interval_ms * @as(i64, std.time.ns_per_ms),
            .now_ns = server.nowNs(),
            .scratch = try server.gpa.alloc(u8, scratch_bytes),
            .arena = .init(server.gpa),
        };
        try loop.add(loop.wake, wake_tag);
        return loop;
    }

    /// From now on what connects comes to this loop.
    pub fn listen(loop: *const Loop) !void {
        try loop.add(loop.listener, listener_tag);
    }

    fn add(loop: *const Loop, fd: linux.fd_t, tag: usize) !void {
        var event: linux.epoll_event = .{ .events = linux.EPOLL.IN, .data = .{ .ptr = tag } };
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

    fn accept(loop: *Loop) void {
        for (0..accepted_max) |_| {
            const flags = linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK;
            const accepted = linux.accept4(loop.listener, null, null, flags);
            switch (linux.errno(accepted)) {
                .SUCCESS => loop.deal(@intCast(accepted)),
                .AGAIN => return,
                .INTR, .CONNABORTED => {},
                // Out of descriptors, for instance: the next one may fare better.
                else => |err| return std.log.err("accept: {t}", .{err}),
            }
        }
    }

    fn deal(loop: *Loop, fd: linux.fd_t) void {
        const owner = &loop.loops[loop.next];
        loop.next = (loop.next + 1) % loop.loops.len;
        if (owner == loop) return loop.adopt(fd);
        {
            owner.inbox_mutex.lockUncancelable(loop.server.io);
            defer owner.inbox_mutex.unlock(loop.server.io);
            owner.arrivals.append(loop.server.gpa, fd) catch |err| return refuse(fd, err);
        }
        owner.ring();
    }

    fn adopt(loop: *Loop, fd: linux.fd_t) void {
        const client = Client.create(loop, fd) catch |err| return refuse(fd, err);
        loop.add(fd, @intFromPtr(client)) catch |err| {
            loop.server.gpa.destroy(client);
            return refuse(fd, err);
        };
        loop.pings.append(&client.ping_node);
    }

    fn refuse(fd: linux.fd_t, err: anyerror) void {
        std.log.err("accept: {t}", .{err});
        _ = linux.close(fd);
    }

    /// Has the client looked at before the turn ends, or soon when another thread asks for it.
    pub fn touch(loop: *Loop, client: *Client) void {
        if (current == loop) return loop.touched.append(&client.touched_node);
        loop.inbox_mutex.lockUncancelable(loop.server.io);
        const was_empty = loop.inbox.first == null;
        loop.inbox.append(&client.touched_node);
        loop.inbox_mutex.unlock(loop.server.io);
        if (was_empty) loop.ring();
    }

    fn ring(loop: *const Loop) void {
        const one: u64 = 1;
        _ = linux.write(loop.wake, std.mem.asBytes(&one), @sizeOf(u64));
    }

    fn takeInbox(loop: *Loop) void {
        var count: u64 = 0;
        _ = linux.read(loop.wake, std.mem.asBytes(&count), @sizeOf(u64));
        loop.inbox_mutex.lockUncancelable(loop.server.io);
        defer loop.inbox_mutex.unlock(loop.server.io);
        loop.touched.concatByMoving(&loop.inbox);
        for (loop.arrivals.items) |fd| loop.adopt(fd);
        loop.arrivals.clearRetainingCapacity();
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
