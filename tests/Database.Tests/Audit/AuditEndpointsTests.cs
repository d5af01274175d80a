using System.Net;
using System.Net.Http.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Database;
using IoTPlatform.Identity;
using IoTPlatform.Testing;

namespace IoTPlatform.Database.Tests.Audit;

public sealed class AuditEndpointsTests : IAsyncLifetime
{
    private TestApp _app = null!;

    public async Task InitializeAsync() => _app = await TestApp.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [SkippableFact]
    public async Task GetAudit_Pages_FollowTheCursorToTheEnd()
    {
        var token = _app.Token("ann", Roles.Admin);
        for (var i = 0; i < 5; i++)
        {
            await _app.Audit.AppendAsync(new AuditEntry("test", "test.entry", $"{i}"), default);
        }

        var sequences = new List<long>();
        var path = "/portal/audit?limit=3";
        while (path is not null)
        {
            var page = (await (await _app.GetAsync(path, token)).Content.ReadFromJsonAsync(ContractsJson.Default.PageAuditEntryView))!;
            sequences.AddRange(page.Items.Select(e => e.Sequence));
            path = page.NextCursor is null ? null : $"/portal/audit?limit=3&cursor={page.NextCursor}";
        }

        sequences.ShouldBe([1, 2, 3, 4, 5]);
    }

    [SkippableFact]
    public async Task GetAudit_NewestFirst_PagesBackToTheBeginning()
    {
        var token = _app.Token("ann", Roles.Admin);
        for (var i = 0; i < 5; i++)
        {
            await _app.Audit.AppendAsync(new AuditEntry("test", "test.entry", $"{i}"), default);
        }

        var sequences = new List<long>();
        var path = "/portal/audit?order=desc&limit=3";
        while (path is not null)
        {
            var page = (await (await _app.GetAsync(path, token)).Content.ReadFromJsonAsync(ContractsJson.Default.PageAuditEntryView))!;
            sequences.AddRange(page.Items.Select(e => e.Sequence));
            path = page.NextCursor is null ? null : $"/portal/audit?order=desc&limit=3&cursor={page.NextCursor}";
        }

        sequences.ShouldBe([5, 4, 3, 2, 1]);
    }

    [SkippableTheory]
    [InlineData("action=tenant.prepared", "3")]
    [InlineData("action=tenant.*", "3 4")]
    [InlineData("action=ten.*", "")]
    [InlineData("action=*", "1 2 3 4 5")]
    [InlineData("actor=ben", "4")]
    [InlineData("subject=acme", "3 4")]
    [InlineData("subject=acme&actor=ann", "3")]
    [InlineData("except=tenant.removed&except=key.used", "1 2 3")]
    [InlineData("since=2999-01-01T00:00:00Z", "")]
    [InlineData("until=2999-01-01T00:00:00Z&order=desc&limit=2", "5 4")]
    [InlineData("since=2020-01-01T00:00:00%2B02:00", "1 2 3 4 5")]
    [InlineData("action=tenant.prepared' OR '1'='1", "")]
    [InlineData("action=%25", "")]
    public async Task GetAudit_Filter_ShowsWhatFits(string query, string expected)
    {
        var token = _app.Token("ann", Roles.Admin);
        await _app.Audit.AppendAsync(new AuditEntry("system", "account.created", "ann"), default);
        await _app.Audit.AppendAsync(new AuditEntry("ann", "login.succeeded", "ann"), default);
        await _app.Audit.AppendAsync(new AuditEntry("ann", "tenant.prepared", "acme"), default);
        await _app.Audit.AppendAsync(new AuditEntry("ben", "tenant.removed", "acme"), default);
        await _app.Audit.AppendAsync(new AuditEntry("system", "key.used", "root"), default);

        var page = (await (await _app.GetAsync($"/portal/audit?{query}", token)).Content.ReadFromJsonAsync(ContractsJson.Default.PageAuditEntryView))!;

        string.Join(' ', page.Items.Select(e => e.Sequence)).ShouldBe(expected);
    }

    [SkippableFact]
    public async Task GetAuditVerify_Untouched_Intact()
    {
        var token = _app.Token("ann", Roles.Admin);
        await _app.Audit.AppendAsync(new AuditEntry("test", "test.entry", "1"), default);
        await _app.Audit.AppendAsync(new AuditEntry("test", "test.entry", "2"), default);

        var verified = (await (await _app.GetAsync("/portal/audit/verify", token)).Content.ReadFromJsonAsync(ContractsJson.Default.AuditVerification))!;

        verified.ShouldSatisfyAllConditions(v => v.Intact.ShouldBeTrue(), v => v.Entries.ShouldBe(2), v => v.Head.Length.ShouldBe(64));
    }

    [SkippableTheory]
    [InlineData("cursor=x", "bad_cursor")]
    [InlineData("cursor=-1", "bad_cursor")]
    [InlineData("cursor=99999999999999999999", "bad_cursor")]
    [InlineData("limit=0", "bad_limit")]
    [InlineData("limit=501", "bad_limit")]
    [InlineData("limit=x", "malformed_request")]
    [InlineData("order=up", "bad_order")]
    [InlineData("action=%00", "bad_filter")]
    [InlineData("since=yesterday", "malformed_request")]
    [InlineData("except=a&except=b&except=c&except=d&except=e&except=f&except=g&except=h&except=i&except=j&except=k&except=l&except=m&except=n&except=o&except=p&except=q&except=r&except=s&except=t&except=u", "bad_filter")]
    public async Task GetAudit_BadQuery_400(string query, string code)
    {
        var response = await _app.GetAsync($"/portal/audit?{query}", _app.Token("ann", Roles.Admin));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await TestApp.ProblemOf(response)).Code.ShouldBe(code);
    }

    [SkippableTheory]
    [InlineData("/portal/audit")]
    [InlineData("/portal/audit/verify")]
    public async Task GetAudit_NotAnAdmin_Forbidden(string path)
    {
        (await _app.GetAsync(path, _app.Token("ann", Roles.Operator))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await _app.GetAsync(path, null)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
