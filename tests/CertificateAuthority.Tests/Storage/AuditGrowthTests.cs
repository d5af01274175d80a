using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>The audit log is kept whole, so what a certificate costs there is what the database grows by for ever.</summary>
public sealed class AuditGrowthTests : LedgerTestBase
{
    private const int Certificates = 2000;

    /// <summary>With names as long as usual ones; docs/inventory.md has the figure.</summary>
    [SkippableFact]
    public async Task Certificate_IssuedOrRenewed_IsOneEntryOfLessThanHalfAKilobyte()
    {
        await using var ledger = Ledger();
        var before = await SizeAsync();

        var issued = await StoreAsync(renews: null);
        await StoreAsync(issued);

        (await CountAsync("audit.entries")).ShouldBe(2 * Certificates);
        ((await SizeAsync() - before) / (2 * Certificates)).ShouldBeInRange(300, 500);

        async Task<byte[][]> StoreAsync(byte[][]? renews)
        {
            var entries = Enumerable.Range(0, Certificates).Select(i =>
            {
                var (serial, name) = (SerialNumber.Create(DateTimeOffset.UnixEpoch), string.Create(CultureInfo.InvariantCulture, $"host-{i}.plant.example.com"));
                return LedgerRows.New(
                    name, serial: serial, renews: renews?[i], requester: $"builds@example.com:{name}", details: CertificateAudit.Of(serial, "leaf", RandomNumberGenerator.GetBytes(64), RandomNumberGenerator.GetBytes(20)));
            }).ToArray();
            foreach (var batch in entries.Chunk(500))
            {
                await Task.WhenAll(batch.Select(entry => ledger.StoreAsync(entry)));
            }

            return [.. entries.Select(entry => entry.Serial)];
        }
    }

    /// <summary>Octets, with the index.</summary>
    private Task<long> SizeAsync() => Database.ScalarAsync<long>("SELECT pg_total_relation_size('audit.entries')");
}
