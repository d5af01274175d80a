using System.Net;
using System.Net.Http.Json;
using IoTPlatform.Contracts;

namespace IoTPlatform.Hosting.Tests.Audit;

public sealed class AuditEndpointsTests : IAsyncLifetime
{
    private TestApp _app = null!;

    public async Task InitializeAsync() => _app = await TestApp.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [SkippableFact]
    public async Task GetAudit_Pages_FollowTheCursorToTheEnd()
    {
        var token = await _app.SignInAsync("ann", Roles.Admin);
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

        sequences.ShouldBe([1, 2, 3, 4, 5, 6, 7]);
    }

    [SkippableFact]
    public async Task GetAuditVerify_Untouched_Intact()
    {
        var token = await _app.SignInAsync("ann", Roles.Admin);

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
    public async Task GetAudit_BadQuery_400(string query, string code)
    {
        var response = await _app.GetAsync($"/portal/audit?{query}", await _app.SignInAsync("ann", Roles.Admin));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await TestApp.ProblemOf(response)).Code.ShouldBe(code);
    }

    [SkippableTheory]
    [InlineData("/portal/audit")]
    [InlineData("/portal/audit/verify")]
    public async Task GetAudit_NotAnAdmin_Forbidden(string path)
    {
        (await _app.GetAsync(path, await _app.SignInAsync("ann", Roles.Operator))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await _app.GetAsync(path, null)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
