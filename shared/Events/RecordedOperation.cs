using System.Text.Json;
using Npgsql;

namespace IoTPlatform.Events;

/// <summary>An entry of the audit log on its way to become an event.</summary>
/// <param name="EventId">From the entry's hash, so it is the same whenever the entry is read.</param>
public sealed record RecordedOperation(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, string Details, Guid EventId)
{
    /// <summary>What <see cref="ReadAllAsync"/> expects of a row of <c>audit.entries</c>, in this order.</summary>
    public const string Columns = "sequence, at, actor, action, subject, details, hash";

    /// <summary>A member of the details, as text; null: there is none of that name.</summary>
    public string? Find(string name)
    {
        using var json = JsonDocument.Parse(Details);
        return json.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
    }

    public string Detail(string name) => Find(name) ?? throw new InvalidOperationException($"The operation says nothing of {name}.");

    public static async Task<List<RecordedOperation>> ReadAllAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var operations = new List<RecordedOperation>();
        while (await reader.ReadAsync(cancellationToken))
        {
            operations.Add(new RecordedOperation(
                reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                new Guid(reader.GetFieldValue<byte[]>(6).AsSpan(0, 16), bigEndian: true)));
        }

        return operations;
    }
}
