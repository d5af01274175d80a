using System.Globalization;
using System.Text;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>A stored message on its way up.</summary>
internal sealed class UplinkMessage(long sequence, string topic, byte[] payload, DateTimeOffset sentAt, DateTimeOffset receivedAt)
{
    public long Sequence => sequence;
    public string Topic => topic;
    public DateTimeOffset SentAt => sentAt;

    /// <summary>
    /// Always with a timestamp, so that it is one message at the provider however often it is sent. Where the device gave none, that is when
    /// this tenant received it: no two messages have the same.
    /// </summary>
    public byte[] Payload { get; } = sentAt == receivedAt && TelemetryPayload.Read(payload, out var timestamp) is null && timestamp is null ? Stamp(payload, receivedAt) : payload;

    private static byte[] Stamp(ReadOnlySpan<byte> payload, DateTimeOffset receivedAt)
    {
        var inside = payload[(payload.IndexOf((byte)'{') + 1)..];
        var separator = inside.TrimStart(" \t\r\n"u8)[0] == '}' ? "" : ",";
        return
        [
            .. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"{{TelemetryFormat.Timestamp}}":"{{receivedAt:yyyy-MM-ddTHH:mm:ss.ffffffZ}}"{{separator}}""")), .. inside,
        ];
    }
}
