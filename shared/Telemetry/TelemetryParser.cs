using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Telemetry;

/// <summary>Reads the format of <see cref="TelemetryFormat"/> from untrusted input.</summary>
public static class TelemetryParser
{
    private const int IdentityLength = 16;
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMillisecond / 1000;

    /// <param name="tenantId">Whose it is.</param>
    /// <param name="routingKey">The topic; levels end at dots as well as at slashes, which AMQP brokers cannot distinguish.</param>
    /// <param name="payload">Is not kept.</param>
    /// <param name="receivedAt">Now, in whole microseconds.</param>
    /// <param name="options">How long it and how old its timestamp may be.</param>
    /// <param name="message">Set where it can be stored.</param>
    /// <param name="refusal">One of <see cref="TelemetryRefusal"/>, where it can't.</param>
    public static bool TryParse(
        string tenantId, string routingKey, ReadOnlySpan<byte> payload, DateTimeOffset receivedAt, TelemetryOptions options,
        [NotNullWhen(true)] out TelemetryMessage? message, [NotNullWhen(false)] out string? refusal)
    {
        message = null;
        var topic = routingKey.Replace('.', '/');
        if (payload.Length > options.LongestPayload)
        {
            refusal = TelemetryRefusal.TooLong;
        }
        else if (Encoding.UTF8.GetByteCount(topic) > TelemetryFormat.LongestTopic)
        {
            refusal = TelemetryRefusal.TopicTooLong;
        }
        else if (topic.Any(char.IsControl))
        {
            // MQTT 3.1.1 section 1.5.3: no U+0000, and no other control characters either where the receiver says so. RabbitMQ passes them on.
            refusal = TelemetryRefusal.TopicText;
        }
        else if (DeviceOf(topic, options.TopicPrefixes) is not { } device)
        {
            refusal = TelemetryRefusal.Topic;
        }
        else if ((refusal = TelemetryPayload.Read(payload, out var timestamp)) is null && (refusal = Judge(timestamp, receivedAt, options.Retention)) is null)
        {
            message = new TelemetryMessage
            {
                TenantId = tenantId,
                DeviceId = device,
                Topic = topic,
                SentAt = timestamp ?? receivedAt,
                ReceivedAt = receivedAt,
                Identity = Identify(topic, payload),
                Payload = Encoding.UTF8.GetString(payload),
                HasTimestamp = timestamp is not null,
            };
        }

        return message is not null;
    }

    /// <summary>PostgreSQL keeps no more than microseconds, and a message has to be found again.</summary>
    public static DateTimeOffset ToMicroseconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TicksPerMicrosecond), TimeSpan.Zero);

    private static string? DeviceOf(string topic, IReadOnlyList<string> prefixes)
    {
        if (prefixes.FirstOrDefault(prefix => topic.StartsWith(prefix, StringComparison.Ordinal)) is not { } prefix)
        {
            return null;
        }

        var rest = topic.AsSpan(prefix.Length);
        var end = rest.IndexOf('/');
        return TelemetryFormat.DeviceOf((end < 0 ? rest : rest[..end]).ToString());
    }

    private static string? Judge(DateTimeOffset? timestamp, DateTimeOffset now, TimeSpan retention) => timestamp switch
    {
        { } t when t > now + TelemetryFormat.MaxAhead => TelemetryRefusal.Future,
        { } t when t < now - retention => TelemetryRefusal.TooOld,
        _ => null,
    };

    private static byte[] Identify(string topic, ReadOnlySpan<byte> payload)
    {
        var length = Encoding.UTF8.GetMaxByteCount(topic.Length) + 1 + payload.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var used = Encoding.UTF8.GetBytes(topic, rented);
            // Neither has a NUL, so it can't be said where the topic ends in two ways.
            rented[used++] = 0;
            payload.CopyTo(rented.AsSpan(used));
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(rented.AsSpan(0, used + payload.Length), hash);
            return hash[..IdentityLength].ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}

/// <summary>A message that can be stored. Not a record: a payload is nothing to print.</summary>
public sealed class TelemetryMessage
{
    public required string TenantId { get; init; }
    public required string DeviceId { get; init; }
    public required string Topic { get; init; }

    /// <summary>Its own timestamp, else <see cref="ReceivedAt"/>.</summary>
    public required DateTimeOffset SentAt { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Topic and payload, as 16 bytes.</summary>
    public required byte[] Identity { get; init; }

    /// <summary>JSON.</summary>
    public required string Payload { get; init; }

    /// <summary>Whether tenant, topic and payload alone identify the message.</summary>
    public required bool HasTimestamp { get; init; }
}

/// <summary>Why a message can't be stored: the values of the header <c>reason</c> in <c>telemetry.dead</c>.</summary>
public static class TelemetryRefusal
{
    public const string TooLong = "too_long";
    public const string Topic = "topic_without_device";
    public const string TopicTooLong = "topic_too_long";
    public const string TopicText = "topic_with_control_characters";
    public const string NotJson = "not_json";
    public const string TooDeep = "too_deep";
    public const string NotText = "not_unicode_text";
    public const string NotAnObject = "not_an_object";
    public const string Timestamp = "timestamp_invalid";
    public const string Future = "timestamp_in_the_future";
    public const string TooOld = "too_old";

    /// <summary>Everything above was right, and the database still says no.</summary>
    public const string NotStorable = "not_storable";
}
