using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>/portal/certificates: what an operator sees and an admin revokes.</summary>
public sealed class PortalTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableFact]
    public async Task List_Pages_FollowTheCursor()
    {
        for (var i = 0; i < 3; i++)
        {
            (await _ca.EnrollAsync($"page{i}.test")).Dispose();
        }

        using var admin = _ca.As("admin", Roles.Admin);
        var first = await GetAsync(admin, "/portal/certificates?text=page&limit=2");
        var second = await GetAsync(admin, $"/portal/certificates?text=page&limit=2&cursor={first.NextCursor}");

        first.Items.Select(c => c.Subject).ShouldBe(["page2.test", "page1.test"]);
        second.Items.Select(c => c.Subject).ShouldBe(["page0.test"]);
        second.NextCursor.ShouldBeNull();
    }

    [SkippableFact]
    public async Task List_OfThoseThatExpireSoon_LeavesOutWhatHasExpired()
    {
        using var certificate = await _ca.EnrollAsync("soon.test");
        using var admin = _ca.As("admin", Roles.Admin);
        string At(int minutes) => Uri.EscapeDataString(certificate.NotAfter.ToUniversalTime().AddMinutes(minutes).ToString("O"));

        (await GetAsync(admin, $"/portal/certificates?text=soon.test&expiring_after={At(-1)}&expiring_before={At(1)}")).Items.ShouldHaveSingleItem();
        (await GetAsync(admin, $"/portal/certificates?text=soon.test&expiring_after={At(1)}&expiring_before={At(2)}")).Items.ShouldBeEmpty();
        (await GetAsync(admin, $"/portal/certificates?text=soon.test&expiring_after={At(-2)}&expiring_before={At(-1)}")).Items.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task RevokeAndShow_ByAdmin_EndsTheCertificate()
    {
        using var certificate = await _ca.EnrollAsync("portal.test");
        using var admin = _ca.As("admin", Roles.Admin);

        using var revoked = await admin.PostAsJsonAsync($"/portal/certificates/{certificate.Serial()}/revoke", new RevokeRequest { ReasonCode = 5, Reason = "retired" }, ContractsJson.Default.RevokeRequest);

        revoked.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var detail = (await admin.GetFromJsonAsync($"/portal/certificates/{certificate.Serial()}", ContractsJson.Default.CertificateDetail))!;
        (detail.Summary.ReasonCode, detail.RevocationReason).ShouldBe((5, "retired"));
        detail.Summary.RevokedAt.ShouldNotBeNull();
        detail.Summary.SerialHex.ShouldBe(Convert.ToHexString(certificate.SerialNumberBytes.Span));
        foreach (var other in (string[])[detail.Summary.SerialHex!, "0x" + detail.Summary.SerialHex, string.Join(':', detail.Summary.SerialHex!.Chunk(2).Select(pair => new string(pair))).ToLowerInvariant()])
        {
            (await admin.GetFromJsonAsync($"/portal/certificates/{other}", ContractsJson.Default.CertificateDetail))!.Summary.Serial.ShouldBe(certificate.Serial());
        }

        detail.Pem.ShouldBe(Pki.Files.Pem.Certificate(certificate.RawDataMemory.Span));
        (await GetAsync(admin, "/portal/certificates?revoked=true&subject=portal.test")).Items.ShouldHaveSingleItem();
        using var again = await admin.PostAsJsonAsync($"/portal/certificates/{certificate.Serial()}/revoke", new RevokeRequest(), ContractsJson.Default.RevokeRequest);
        again.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await _ca.Database.ScalarAsync<string>("SELECT actor FROM audit.entries WHERE action = 'certificate.revoked' AND subject = 'portal.test'")).ShouldBe("admin");
    }

    [SkippableFact]
    public async Task HoldAndRelease_ByAdmin_AreInTheAuditLog()
    {
        using var certificate = await _ca.EnrollAsync("hold-portal.test");
        using var admin = _ca.As("admin", Roles.Admin);
        (await CallAsync("release")).ShouldBe(HttpStatusCode.Conflict);

        (await CallAsync("hold")).ShouldBe(HttpStatusCode.NoContent);
        (await admin.GetFromJsonAsync($"/portal/certificates/{certificate.Serial()}", ContractsJson.Default.CertificateDetail))!.Summary.ReasonCode.ShouldBe(6);
        (await CallAsync("hold")).ShouldBe(HttpStatusCode.Conflict);
        (await CallAsync("release")).ShouldBe(HttpStatusCode.NoContent);

        (await admin.GetFromJsonAsync($"/portal/certificates/{certificate.Serial()}", ContractsJson.Default.CertificateDetail))!.Summary.RevokedAt.ShouldBeNull();
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(actor || ' ' || action, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'hold-portal.test' AND action <> 'certificate.issued'"))
            .ShouldBe("admin certificate.revoked, admin certificate.released");

        async Task<HttpStatusCode> CallAsync(string what)
        {
            using var answer = await admin.PostAsJsonAsync($"/portal/certificates/{certificate.Serial()}/{what}", new HoldRequest { Reason = "lost and found" }, ContractsJson.Default.HoldRequest);
            return answer.StatusCode;
        }
    }

    [SkippableTheory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(11)]
    [InlineData(-1)]
    public async Task Revoke_ReasonOutsideRfc5280_Is400(int reason)
    {
        using var certificate = await _ca.EnrollAsync("reason.test");
        using var admin = _ca.As("admin", Roles.Admin);

        using var refused = await admin.PostAsJsonAsync($"/portal/certificates/{certificate.Serial()}/revoke", new RevokeRequest { ReasonCode = reason }, ContractsJson.Default.RevokeRequest);

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("\"reason_code\"");
    }

    [SkippableTheory]
    [InlineData("GET", "/portal/certificates")]
    [InlineData("GET", "/portal/certificates/1")]
    [InlineData("POST", "/portal/certificates/1/revoke")]
    [InlineData("POST", "/portal/certificates/1/hold")]
    [InlineData("POST", "/portal/certificates/1/release")]
    public async Task Portal_WithoutASession_Is401EvenWithAClientCertificate(string method, string path)
    {
        using var certificate = await _ca.EnrollAsync("nosy.test");
        using var client = _ca.Client(certificate);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("/portal/certificates/99999", 404, "certificate_not_found")]
    [InlineData("/portal/certificates/0x1", 404, "certificate_not_found")]
    [InlineData("/portal/certificates?limit=0", 400, "bad_limit")]
    [InlineData("/portal/certificates?limit=501", 400, "bad_limit")]
    [InlineData("/portal/certificates?text=%00", 400, "bad_filter")]
    [InlineData("/portal/certificates?cursor=x", 400, "malformed_request")]
    public async Task Portal_BadQuery_IsAProblem(string path, int status, string code)
    {
        using var admin = _ca.As("admin", Roles.Admin);

        using var response = await admin.GetAsync(path);

        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString().ShouldBe(code);
    }

    private static async Task<Page<CertificateSummary>> GetAsync(HttpClient client, string path) =>
        (await client.GetFromJsonAsync(path, ContractsJson.Default.PageCertificateSummary))!;
}
