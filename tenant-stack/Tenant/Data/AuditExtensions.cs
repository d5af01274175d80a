using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Data;

internal static class AuditExtensions
{
    /// <summary>Appends in the context's current transaction. Call it last: it holds the log's lock until the commit.</summary>
    public static Task AppendAuditAsync(this TenantDbContext db, string actor, string action, string subject, JsonObject? details, CancellationToken cancellationToken)
    {
        var json = (details ?? []).ToJsonString();
        return db.Database.ExecuteSqlAsync($"SELECT audit.append({actor}, {action}, {subject}, {json})", cancellationToken);
    }
}
