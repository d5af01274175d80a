using IoTPlatform.CertificateAuthority.Storage;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Budgets;

/// <summary>Counts active endpoints for those that have a budget of them. It reads all certificates that live: the ledger goes by what was counted last, and by what it stored since.</summary>
internal sealed class EndpointTotals(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <param name="provisioners">Names; of all together: an empty one.</param>
    /// <param name="cancellationToken">Ends it; what was counted before stays.</param>
    public async Task CountAsync(string[] provisioners, CancellationToken cancellationToken)
    {
        if (provisioners.Length == 0)
        {
            return;
        }

        await Outage.GuardAsync(async () =>
        {
            await using var newest = database.CreateCommand("SELECT ca.newest_certificate()");
            var upTo = (long)(await newest.ExecuteScalarAsync(cancellationToken))!;
            await using var count = database.CreateCommand("SELECT ca.count_endpoints($1, $2, $3)");
            count.CommandTimeout = (int)Patience.TotalSeconds;
            count.Parameters.AddWithValue(time.GetUtcNow());
            count.Parameters.AddWithValue(provisioners);
            count.Parameters.AddWithValue(upTo);
            return await count.ExecuteNonQueryAsync(cancellationToken);
        });
    }
}
