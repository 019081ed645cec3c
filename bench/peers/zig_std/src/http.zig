//! What is HTTP about a connection: the switch to a WebSocket, and `/stats`.
const std = @import("std");
const http = std.http;
const Counters = @import("server.zig").Counters;

pub const head_bytes_max = 8 << 10;
/// Enough for every answer there is.
pub const answer_bytes_max = 1 << 10;

pub const Outcome = enum { chat, echo, answered };

/// The length of the head at the beginning of `bytes`; null when it is not there to its end.
pub fn headLen(bytes: []const u8) error{TooLarge}!?usize {
    var parser: http.HeadParser = .{};
    const len = parser.feed(bytes[0..@min(bytes.len, head_bytes_max)]);
    if (parser.state == .finished) return len;
    return if (bytes.len < head_bytes_max) null else error.TooLarge;
}

/// Writes the answer to a request without a body.
pub fn answer(head: []u8, out: *std.Io.Writer, counters: *const Counters) !Outcome {
    var in: std.Io.Reader = .fixed(head);
    var server: http.Server = .init(&in, out);
    var request = try server.receiveHead();
    const target = request.head.target;
    const path = target[0 .. std.mem.findScalar(u8, target, '?') orelse target.len];
    if (std.mem.eql(u8, path, "/ws")) return upgrade(&request, .chat);
    if (std.mem.eql(u8, path, "/echo")) return upgrade(&request, .echo);
    if (std.mem.eql(u8, path, "/stats")) {
        var space: [answer_bytes_max / 2]u8 = undefined;
        var body: std.Io.Writer = .fixed(&space);
        try counters.writeJson(&body);
        const json: http.Header = .{ .name = "content-type", .value = "application/json" };
        try request.respond(body.buffered(), .{ .keep_alive = false, .extra_headers = &.{json} });
    } else {
        try request.respond("Not here.\n", .{ .status = .not_found, .keep_alive = false });
    }
    return .answered;
}

fn upgrade(request: *http.Server.Request, outcome: Outcome) !Outcome {
    switch (request.upgradeRequested()) {
        .websocket => |found| if (found) |key| {
            _ = try request.respondWebSocket(.{ .key = key });
            return outcome;
        },
        else => {},
    }
    try request.respond("WebSocket only.\n", .{ .status = .upgrade_required, .keep_alive = false });
    return .answered;
}

fn expectAnswer(outcome: Outcome, beginning: []const u8, ending: []const u8, request: []const u8) !void {
    var head: [256]u8 = undefined;
    @memcpy(head[0..request.len], request);
    var space: [answer_bytes_max]u8 = undefined;
    var out: std.Io.Writer = .fixed(&space);
    var counters: Counters = .{};
    Counters.add(&counters.sent, 7);
    try std.testing.expectEqual(outcome, try answer(head[0..request.len], &out, &counters));
    try std.testing.expectStringStartsWith(out.buffered(), beginning);
    try std.testing.expectStringEndsWith(out.buffered(), ending);
}

test "requests are answered by their path" {
    const key = "upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const accept = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    try expectAnswer(.chat, "HTTP/1.1 101", accept, "GET /ws HTTP/1.1\r\n" ++ key);
    try expectAnswer(.echo, "HTTP/1.1 101", accept, "GET /echo?x=1 HTTP/1.1\r\n" ++ key);
    try expectAnswer(.answered, "HTTP/1.1 426", "WebSocket only.\n", "GET /ws HTTP/1.1\r\n\r\n");
    try expectAnswer(.answered, "HTTP/1.1 404", "Not here.\n", "GET / HTTP/1.1\r\n\r\n");
    const stats = "{\"connections\":0,\"received\":0,\"sent\":7,\"dropped\":0,\"rate_limited\":0}";
    try expectAnswer(.answered, "HTTP/1.1 200", stats, "GET /stats HTTP/1.1\r\n\r\n");
}

test "a head is complete with its empty line, and has a limit" {
    try std.testing.expectEqual(null, try headLen("GET / HTTP/1.1\r\n"));
    try std.testing.expectEqual(18, try headLen("GET / HTTP/1.1\r\n\r\nmore"));
    const endless: [head_bytes_max]u8 = @splat('x');
    try std.testing.expectError(error.TooLarge, headLen(&endless));
}
