using System.Data;
using System.Text.Json;
using IoTPlatform.Database;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Data;

/// <summary>An act and its audit entry, in one transaction. Rows are locked in one order everywhere: join_keys, tenants, joins, the audit chain.</summary>
internal static class AuditedTransaction
{
    /// <summary>Runs the act; when it returns an entry, appends it last (the chain's head is a lock) and commits, otherwise rolls back.</summary>
    public static async Task<bool> ActAsync(this ProviderDb db, Func<Task<AuditEntry?>> act, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        if (await act() is not { } entry)
        {
            return false;
        }

        await db.SaveChangesAsync(cancellationToken);
        await db.AppendAuditAsync(entry, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public static Task AppendAuditAsync(this ProviderDb db, AuditEntry entry, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT audit.append({entry.Actor}, {entry.Action}, {entry.Subject}, {entry.Details})", cancellationToken);

    /// <summary>The details of an entry: one flat JSON object of text.</summary>
    public static string Details(params ReadOnlySpan<(string Name, string? Value)> members)
    {
        var details = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in members)
        {
            if (value is not null)
            {
                details[name] = value;
            }
        }

        return JsonSerializer.Serialize(details);
    }
}
