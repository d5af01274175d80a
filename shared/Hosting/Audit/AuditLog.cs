using IoTPlatform.Contracts.Audit;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>The append-only, hash-chained log (schema <c>audit</c>).</summary>
public sealed class AuditLog(NpgsqlDataSource dataSource)
{
    /// <summary>In a transaction of its own. Returns the sequence number.</summary>
    public Task<long> AppendAsync(AuditEntry entry, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>In the connection's current transaction. Returns the sequence number.</summary>
    public static Task<long> AppendAsync(NpgsqlConnection connection, AuditEntry entry, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Recomputes the whole chain outside the database, streamed.</summary>
    public Task<AuditVerification> VerifyAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Entries with a sequence number above <paramref name="after"/>, oldest first.</summary>
    public Task<IReadOnlyList<AuditEntryView>> ReadAsync(long after, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();
}
