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

    /// <summary>Their ends are in no order of issue.</summary>
    [SkippableTheory]
    [InlineData(CertificateOrder.SoonestEnd, SortDirection.Ascending)]
    [InlineData(CertificateOrder.LatestEnd, SortDirection.Descending)]
    public async Task List_ByEnd_CoversEverythingOnceInThatOrder(CertificateOrder order, SortDirection direction)
    {
        await StoreAsync([.. Enumerable.Range(0, 25).Select(i => LedgerRows.New(LedgerRows.Name(i), days: 1 + (i * 7 % 5)))]);

        var seen = new List<CertificateRecord>();
        long? cursor = null;
        do
        {
            var page = await Store.ListAsync(new CertificateQuery { Order = order, Limit = 10, Cursor = cursor }, CancellationToken.None);
            seen.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.Select(r => r.Subject).ShouldBeUnique();
        seen.Count.ShouldBe(25);
        seen.Select(r => (r.NotAfter, r.Id)).ShouldBeInOrder(direction);
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

    /// <summary>A page of a search that finds little is short or empty rather than late; the cursor leads through all of them.</summary>
    /// <param name="profile">Of all of them, which makes the search no smaller.</param>
    /// <param name="order">Of their ends, which are in the order of issue.</param>
    /// <param name="expected">A page each.</param>
    [SkippableTheory]
    [InlineData(null, CertificateOrder.Newest, "n19.test||n3.test,n2.test")]
    [InlineData("leaf", CertificateOrder.Newest, "n19.test||n3.test,n2.test")]
    [InlineData("leaf", CertificateOrder.LatestEnd, "n19.test||n3.test,n2.test")]
    [InlineData(null, CertificateOrder.SoonestEnd, "n2.test,n3.test|n19.test|")]
    public async Task List_RareText_LooksThroughSoManyForAPage(string? profile, CertificateOrder order, string expected)
    {
        await StoreAsync([.. Enumerable.Range(0, 25).Select(i => LedgerRows.New(i is 2 or 3 or 19 ? LedgerRows.Name(i) : "other.test", days: 10 + i))]);
        var store = new Storage.CertificateStore(Database.DataSource, looks: 10);
        var query = new CertificateQuery { Text = "N", Profile = profile, Order = order, Limit = 3, ExpiringAfter = order == CertificateOrder.SoonestEnd ? LedgerRows.Now.AddDays(11) : null };

        var pages = new List<string>();
        long? cursor = null;
        do
        {
            var page = await store.ListAsync(query with { Cursor = cursor }, CancellationToken.None);
            pages.Add(string.Join(',', page.Items.Select(r => r.Subject)));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        pages.ShouldBe(expected.Split('|'));
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
