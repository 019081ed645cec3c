//! Frames as RFC 6455 has them, beyond what `std.http.Server.WebSocket` reads: messages in parts and
//! of any size, binary ones, pongs, the code in a Close, and every rule whose breach ends a connection.
const std = @import("std");
const WebSocket = std.http.Server.WebSocket;

pub const Opcode = WebSocket.Opcode;

pub const payload_bytes_max = 2 << 20;
pub const header_bytes_max = 10;
const control_bytes_max = 125;

/// A frame from a client, unmasked in the bytes it was read into.
pub const Frame = struct {
    opcode: Opcode,
    is_final: bool,
    payload: []u8,
    /// With its header.
    size: usize,
};

pub const Error = error{ Malformed, TooLarge };

/// The frame at the beginning of `bytes`; null when it is not there to its end.
pub fn parse(bytes: []u8) Error!?Frame {
    if (bytes.len < 2) return null;
    const first: WebSocket.Header0 = @bitCast(bytes[0]);
    const second: WebSocket.Header1 = @bitCast(bytes[1]);
    const short_len: u8 = @backingInt(second.payload_len);
    switch (first.opcode) {
        .continuation, .text, .binary => {},
        .connection_close, .ping, .pong => {
            if (!first.fin or short_len > control_bytes_max) return error.Malformed;
        },
        _ => return error.Malformed,
    }
    if (first.rsv1 != 0 or first.rsv2 != 0 or first.rsv3 != 0 or !second.mask) return error.Malformed;

    const mask_at: usize = switch (second.payload_len) {
        .len16 => 4,
        .len64 => 10,
        else => 2,
    };
    if (bytes.len < mask_at) return null;
    const len: u64 = switch (second.payload_len) {
        .len16 => std.mem.readInt(u16, bytes[2..4], .big),
        .len64 => std.mem.readInt(u64, bytes[2..10], .big),
        else => short_len,
    };
    if (len > payload_bytes_max) return error.TooLarge;
    const payload_at = mask_at + 4;
    const size = payload_at + @as(usize, @intCast(len));
    if (bytes.len < size) return null;
    const payload = bytes[payload_at..size];
    unmask(payload, bytes[mask_at..][0..4].*);
    return .{ .opcode = first.opcode, .is_final = first.fin, .payload = payload, .size = size };
}

fn unmask(payload: []u8, mask: [4]u8) void {
    const Block = @Vector(16, u8);
    const wide: Block = std.simd.repeat(16, @as(@Vector(4, u8), mask));
    const whole = payload.len - payload.len % 16;
    var at: usize = 0;
    while (at < whole) : (at += 16) {
        const block: Block = payload[at..][0..16].*;
        payload[at..][0..16].* = block ^ wide;
    }
    for (payload[whole..], 0..) |*byte, index| byte.* ^= mask[index % 4];
}

/// Writes the header of a frame so that it ends where `space` does. Returns where it begins.
pub fn writeHeader(space: *[header_bytes_max]u8, opcode: Opcode, payload_len: usize) usize {
    const start: usize = switch (payload_len) {
        0...125 => 8,
        126...0xffff => 6,
        else => 0,
    };
    const short_len: u7 = switch (start) {
        8 => @intCast(payload_len),
        6 => 126,
        else => 127,
    };
    space[start] = @bitCast(WebSocket.Header0{ .opcode = opcode, .fin = true });
    space[start + 1] = short_len;
    switch (start) {
        8 => {},
        6 => std.mem.writeInt(u16, space[8..10], @intCast(payload_len), .big),
        else => std.mem.writeInt(u64, space[2..10], payload_len, .big),
    }
    return start;
}

fn masked(space: []u8, first: u8, payload: []const u8) []u8 {
    const mask = [4]u8{ 1, 2, 3, 4 };
    var header: [header_bytes_max]u8 = undefined;
    const start = writeHeader(&header, .text, payload.len);
    const header_len = header.len - start;
    @memcpy(space[0..header_len], header[start..]);
    space[0] = first;
    space[1] |= 0x80;
    @memcpy(space[header_len..][0..4], &mask);
    for (payload, 0..) |byte, index| space[header_len + 4 + index] = byte ^ mask[index % 4];
    return space[0 .. header_len + 4 + payload.len];
}

test "a frame is read once it is there to its end, at every length a header can have" {
    var space: [70_020]u8 = undefined;
    var payload: [70_000]u8 = undefined;
    for (&payload, 0..) |*byte, index| byte.* = @truncate(index);
    for ([_]usize{ 0, 1, 15, 16, 17, 125, 126, 127, 65_535, 65_536, 70_000 }) |len| {
        const bytes = masked(&space, 0x82, payload[0..len]);
        for ([_]usize{ 0, 1, 2, 3, 5, 9, bytes.len - 1 }) |part| {
            if (part < bytes.len) try std.testing.expectEqual(null, try parse(bytes[0..part]));
        }
        const frame = (try parse(bytes)).?;
        try std.testing.expectEqual(bytes.len, frame.size);
        try std.testing.expectEqual(.binary, frame.opcode);
        try std.testing.expect(frame.is_final);
        try std.testing.expectEqualSlices(u8, payload[0..len], frame.payload);
    }
}

test "what RFC 6455 forbids is refused" {
    var space: [300]u8 = undefined;
    const long: [200]u8 = @splat(0);
    for ([_]u8{ 0xc1, 0xa1, 0x91, 0x83, 0x8b, 0x09 }) |first| {
        try std.testing.expectError(error.Malformed, parse(masked(&space, first, "x")));
    }
    try std.testing.expectError(error.Malformed, parse(masked(&space, 0x89, &long)));
    const unmasked = masked(&space, 0x81, "x");
    unmasked[1] &= 0x7f;
    try std.testing.expectError(error.Malformed, parse(unmasked));
}

test "a frame that is too large is refused before it is there" {
    var header = [_]u8{ 0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0 };
    try std.testing.expectError(error.TooLarge, parse(&header));
}
