using System.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>An operation and its audit entry, in one transaction of a context.</summary>
public static class AuditedTransaction
{
    /// <summary>Runs the operation; when it returns an entry, saves, appends it last (the chain's head is a lock) and commits, otherwise rolls back.</summary>
    public static async Task<bool> RunAuditedAsync(this DbContext db, Func<Task<AuditEntry?>> operation, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        if (await operation() is not { } entry)
        {
            return false;
        }

        await db.SaveChangesAsync(cancellationToken);
        await db.AppendAuditAsync(entry, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>In the context's current transaction. Call it last: it holds the log's lock until the commit.</summary>
    public static Task AppendAuditAsync(this DbContext db, AuditEntry entry, CancellationToken cancellationToken) => AuditLog.AppendAsync(db.Connection(), entry, cancellationToken);

    /// <summary>For what is done by SQL in the context's current transaction.</summary>
    public static NpgsqlConnection Connection(this DbContext db) => (NpgsqlConnection)db.Database.GetDbConnection();
}
