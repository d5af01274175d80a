namespace IoTPlatform.EndToEnd.Tests.Limits;

/// <summary>Just enough of HTTP/2 to misuse it (RFC 9113 sections 3.4, 6.2 and 6.4).</summary>
internal static class Http2
{
    /// <summary>The client preface and empty settings.</summary>
    public static ReadOnlyMemory<byte> Preface { get; } = (byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    /// <summary>HEADERS of a POST whose body never comes, and RST_STREAM (CANCEL).</summary>
    public static ReadOnlyMemory<byte> PostThenReset(int stream)
    {
        // HPACK, literals without indexing: :method POST, :scheme https, :path /portal/admin/join, :authority localhost, content-type.
        byte[] headers =
        [
            0x83, 0x87, 0x04, 18, .. "/portal/admin/join"u8, 0x01, 9, .. "localhost"u8,
            0x0f, 0x10, 16, .. "application/json"u8,
        ];
        return (byte[])
        [
            0, 0, (byte)headers.Length, 1, 0x04, .. Id(stream), .. headers,
            0, 0, 4, 3, 0, .. Id(stream), 0, 0, 0, 8,
        ];
    }

    private static byte[] Id(int stream) => [(byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream];
}
