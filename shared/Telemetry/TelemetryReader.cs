using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Telemetry;

/// <summary>Reads stored telemetry, newest first.</summary>
public sealed class TelemetryReader(NpgsqlDataSource database, TelemetryTable table) : IGuarded
{
    private const int TimeoutSeconds = 10;

    public static string Policy => Policies.Viewer;

    public async Task<Page<TelemetryRecord>> ReadAsync(TelemetryQuery query, CancellationToken cancellationToken)
    {
        await using var command = Command(query);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var items = new List<TelemetryRecord>(query.Limit);
        string? next = null;
        TelemetryCursor? last = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            // One more was asked for than fits: there is another page.
            if (items.Count == query.Limit)
            {
                next = last!.ToString();
                break;
            }

            var sentAt = reader.GetFieldValue<DateTimeOffset>(2);
            last = new TelemetryCursor(sentAt, reader.GetFieldValue<byte[]>(3));
            var (payload, problem) = Payload(reader.GetString(5));
            items.Add(new TelemetryRecord
            {
                DeviceId = reader.GetString(0),
                Topic = reader.GetString(1),
                SentAt = sentAt,
                ReceivedAt = reader.GetFieldValue<DateTimeOffset>(4),
                Payload = payload,
                PayloadProblem = problem,
            });
        }

        return new Page<TelemetryRecord> { Items = items, NextCursor = next };
    }

    /// <summary>What would not be stored today, and is there from before: its text as a JSON string, and why.</summary>
    private static (JsonElement Payload, string? Problem) Payload(string text) =>
        TelemetryPayload.Read(Encoding.UTF8.GetBytes(text), out _) is { } problem && problem is not TelemetryRefusal.Timestamp
            ? (JsonSerializer.SerializeToElement(text), problem)
            : (JsonElement.Parse(text, new JsonDocumentOptions { MaxDepth = TelemetryFormat.DeepestNesting }), null);

    private NpgsqlCommand Command(TelemetryQuery query)
    {
        var command = database.CreateCommand();
        command.CommandTimeout = TimeoutSeconds;
        var where = $"sent_at >= {Next(query.From)} AND sent_at < {Next(query.Before)}";
        if (query.TenantId is { } tenant)
        {
            where += $" AND tenant_id = {Next(tenant)}";
        }

        if (query.DeviceId is { } device)
        {
            where += $" AND device_id = {Next(device)}";
        }

        if (query.TopicPrefix is { } prefix)
        {
            // In the text, as it stands in the indexes' conditions.
            where += $" AND starts_with(topic, '{TelemetryFormat.PrefixOfStream.Values.Single(known => known == prefix)}')";
        }

        if (query.After is { } after)
        {
            where += $" AND (sent_at, identity) < ({Next(after.SentAt)}, {Next(after.Identity)})";
        }

        command.CommandText = $"SELECT device_id, topic, sent_at, identity, received_at, payload FROM {table.Name} WHERE {where} ORDER BY sent_at DESC, identity DESC LIMIT {Next(query.Limit + 1)}";
        return command;

        string Next(object value)
        {
            command.Parameters.Add(new() { Value = value });
            return $"${command.Parameters.Count}";
        }
    }
}

/// <summary>The last message of a page. Not a record: arrays compare by reference.</summary>
public sealed class TelemetryCursor(DateTimeOffset sentAt, byte[] identity)
{
    private const int TimeLength = sizeof(long);
    private const int IdentityLength = 16;

    public DateTimeOffset SentAt => sentAt;
    public byte[] Identity => identity;

    /// <summary>False: not one that <see cref="ToString"/> gave out.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TelemetryCursor? cursor)
    {
        cursor = null;
        Span<byte> bytes = stackalloc byte[TimeLength + IdentityLength];
        if (text.Length > 2 * bytes.Length || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length != bytes.Length
            || BinaryPrimitives.ReadInt64BigEndian(bytes) is var ticks && (ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks))
        {
            return false;
        }

        cursor = new TelemetryCursor(new DateTimeOffset(ticks, TimeSpan.Zero), bytes[TimeLength..].ToArray());
        return true;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[TimeLength + IdentityLength];
        BinaryPrimitives.WriteInt64BigEndian(bytes, sentAt.UtcTicks);
        identity.CopyTo(bytes[TimeLength..]);
        return Base64Url.EncodeToString(bytes);
    }
}
