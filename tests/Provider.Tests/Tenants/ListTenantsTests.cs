using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Tenants;

public sealed class ListTenantsTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task List_InPages_ShowsEveryTenantOnce()
    {
        var ids = new[] { "alpha", "a-beta", "gamma", "gamma-2", "omega" };
        foreach (var id in ids)
        {
            await _provider.PrepareAsync(id);
        }

        var admin = await _provider.AdminAsync();
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await admin.GetAsync($"portal/admin/tenants?limit=2{(cursor is null ? "" : "&cursor=" + cursor)}")).Read(ContractsJson.Default.PageTenantSummary);
            page.Items.Count.ShouldBeLessThanOrEqualTo(2);
            seen.AddRange(page.Items.Select(t => t.TenantId));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.ShouldBe(ids, ignoreOrder: true);
        (await admin.GetAsync("portal/admin/tenants?limit=100")).Read(ContractsJson.Default.PageTenantSummary).Items.ShouldAllBe(t => t.JoinKeyExpiresAt != null);
    }

    [SkippableTheory]
    [InlineData("portal/admin/tenants?limit=x")]
    [InlineData("portal/admin/tenants?cursor=%27--")]
    [InlineData("portal/admin/tenants/A")]
    public async Task List_BadInput_IsABadRequest(string path) => (await (await _provider.AdminAsync()).GetAsync(path)).Status.ShouldBe(HttpStatusCode.BadRequest);
}
