using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class CertificateListTests : LedgerTestBase
{
    private Storage.CertificateStore Store => new(Database.DataSource);

    [SkippableFact]
    public async Task List_Pages_CoverEverythingOnceNewestFirst()
    {
        await StoreAsync([.. Enumerable.Range(0, 25).Select(i => LedgerRows.New(LedgerRows.Name(i)))]);

        var seen = new List<CertificateRecord>();
        long? cursor = null;
        do
        {
            var page = await Store.ListAsync(new CertificateQuery { Limit = 10, Cursor = cursor }, CancellationToken.None);
            page.Items.Count.ShouldBeLessThanOrEqualTo(10);
            seen.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.Select(r => r.Subject).ShouldBeUnique();
        seen.Count.ShouldBe(25);
        seen.Select(r => r.Id).ShouldBeInOrder(SortDirection.Descending);
    }

    [SkippableTheory]
    [InlineData("PUMP", "pump-1,pump-2")]
    [InlineData("spiffe://x/valve", "valve-1")]
    [InlineData("%", "")]
    [InlineData("' OR true --", "")]
    [InlineData("4660", "valve-1")]
    [InlineData("12:34", "valve-1")]
    [InlineData("1234", "")] // a decimal number wherever it can be one
    public async Task List_Text_FindsSubjectsSansAndSerials(string text, string subjects)
    {
        await StoreAsync(LedgerRows.New("pump-1"), LedgerRows.New("pump-2"), LedgerRows.New("valve-1", serial: [0x12, 0x34]));

        var page = await Store.ListAsync(new CertificateQuery { Text = text }, CancellationToken.None);

        page.Items.Select(r => r.Subject).Order().ShouldBe(subjects.Split(',', StringSplitOptions.RemoveEmptyEntries));
    }

    [SkippableFact]
    public async Task List_Conditions_AllHold()
    {
        var gone = LedgerRows.New("pump-1", "device");
        await StoreAsync(gone, LedgerRows.New("pump-1", "device"), LedgerRows.New("pump-1", "leaf"), LedgerRows.New("pump-2", "device"));
        await Store.RevokeAsync(new Revocation { Serial = gone.Serial, ReasonCode = RevocationReason.Superseded, Reason = "replaced", By = "admin" }, gone.NotBefore, CancellationToken.None);

        (await CountAsync(new CertificateQuery { Subject = "pump-1" })).ShouldBe(3);
        (await CountAsync(new CertificateQuery { Subject = "pump-1", Profile = "device" })).ShouldBe(2);
        (await CountAsync(new CertificateQuery { Subject = "pump-1", Profile = "device", Revoked = false })).ShouldBe(1);
        (await CountAsync(new CertificateQuery { Tenant = "acme" })).ShouldBe(4);
        (await CountAsync(new CertificateQuery { Tenant = "other" })).ShouldBe(0);
        (await CountAsync(new CertificateQuery { ExpiringBefore = gone.NotAfter })).ShouldBe(0);
        (await CountAsync(new CertificateQuery { ExpiringBefore = gone.NotAfter.AddSeconds(1) })).ShouldBe(4);
        (await CountAsync(new CertificateQuery { ExpiringAfter = gone.NotAfter.AddSeconds(1) })).ShouldBe(0);
        var revoked = (await Store.ListAsync(new CertificateQuery { Revoked = true }, CancellationToken.None)).Items.ShouldHaveSingleItem();
        (revoked.Serial, revoked.ReasonCode, revoked.Reason).ShouldBe((SerialNumber.ToDecimal(gone.Serial), RevocationReason.Superseded, "replaced"));
    }

    private async Task<int> CountAsync(CertificateQuery query) => (await Store.ListAsync(query, CancellationToken.None)).Items.Count;

    private async Task StoreAsync(params Storage.LedgerEntry[] entries)
    {
        await using var ledger = Ledger();
        foreach (var entry in entries)
        {
            await ledger.StoreAsync(entry);
        }
    }
}
