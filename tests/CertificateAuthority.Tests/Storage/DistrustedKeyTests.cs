using IoTPlatform.CertificateAuthority.Storage;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A Sub-CA key that is distrusted takes every certificate of it along, in the ledger that lists, OCSP and logins read.</summary>
public sealed class DistrustedKeyTests : LedgerTestBase
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Key = [.. Enumerable.Repeat((byte)7, 32)];

    [SkippableTheory]
    [InlineData(1, true)]
    [InlineData(0, true)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(6, false)]
    public async Task Revoke_OneOfTwo_RevokesTheOtherWhereTheKeyIsNotTrusted(int reason, bool both)
    {
        var (first, second) = (SubCa(), SubCa());
        await RecordAsync(first, second, LedgerRows.New("device", "device", key: Key));

        await RevokeAsync(first, reason);

        (await RevokedAsync()).ShouldBe(both ? 2 : 1);
        (await Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'certificate.revoked'")).ShouldBe(both ? 2 : 1);
    }

    /// <summary>As when a JOIN was signing for the key while it was being revoked.</summary>
    [SkippableTheory]
    [InlineData(1, true)]
    [InlineData(4, false)]
    public async Task Record_AfterTheRevocation_IsRevokedInTheSameTransaction(int reason, bool revoked)
    {
        var first = SubCa();
        await RecordAsync(first);
        await RevokeAsync(first, reason);

        await RecordAsync(SubCa());

        (await RevokedAsync()).ShouldBe(revoked ? 2 : 1);
        (await Database.ScalarAsync<string>("SELECT string_agg(action, ' ' ORDER BY sequence) FROM audit.entries"))
            .ShouldBe("certificate.issued certificate.revoked certificate.issued" + (revoked ? " certificate.revoked" : ""));
    }

    [SkippableFact]
    public async Task RecordAndRevoke_AtOnce_LeaveNoneOfTheKey()
    {
        var first = SubCa();
        await RecordAsync(first);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => i == 4 ? RevokeAsync(first, 1) : RecordAsync(SubCa())));

        (await RevokedAsync()).ShouldBe(8);
    }

    private static LedgerEntry SubCa() => LedgerRows.New("acme Sub-CA", "tenant-sub-ca", key: Key);

    private Task RevokeAsync(LedgerEntry entry, int reason) => Database.ScalarAsync<string>(
        "SELECT ca.revoke($1, $2, $3, NULL, 'admin', NULL, NULL, $4)", Now, entry.Serial, reason, $$"""{"serial":"{{Convert.ToHexString(entry.Serial)}}"}""");

    private Task<long> RevokedAsync() => Database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations r JOIN ca.certificates c USING (serial) WHERE c.profile = 'tenant-sub-ca'");

    private async Task RecordAsync(params LedgerEntry[] batch)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var command = await LedgerCommand.PrepareAsync(connection, TimeSpan.FromSeconds(30), CancellationToken.None);
        (await command.ExecuteAsync(batch, Now, CancellationToken.None)).ShouldAllBe(outcome => outcome.Status == LedgerStatus.Stored);
    }
}
