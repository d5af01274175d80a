using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Inventory;

/// <summary>Certificates and endpoints as the API finds and exports them.</summary>
public sealed class InventoryApiTests(StepCaHost host) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = host.Ca;

    [SkippableFact]
    public async Task Endpoints_AfterARenewal_ShowBothCertificatesUnderOneName()
    {
        using var first = await _ca.EnrollAsync("pump.endpoints.test");
        await RenewAsync(first);
        using var viewer = _ca.As("vera", Roles.Viewer);

        var endpoint = (await ReadAsync<Page<EndpointSummary>>(viewer, "/portal/endpoints?name=PUMP.endpoints.test")).Items.ShouldHaveSingleItem();

        (endpoint.Subject, endpoint.Provisioner, endpoint.Certificates, endpoint.Active).ShouldBe(("pump.endpoints.test", "iot-bridge", 2, 2));
        endpoint.Names.ShouldBe(["pump.endpoints.test"]);
        var certificates = (await ReadAsync<Page<CertificateSummary>>(viewer, $"/portal/certificates?endpoint={endpoint.Id}")).Items;
        certificates.Count.ShouldBe(2);
        certificates[0].Serial.ShouldBe(endpoint.LatestSerial);
        await RevokeAsync(first);
        (await ReadAsync<Page<EndpointSummary>>(viewer, "/portal/endpoints?name=pump.endpoints.test")).Items.Single().Active.ShouldBe(1);
    }

    /// <summary>Of thirty days six are left; of one, an hour; one of them is replaced, one is revoked.</summary>
    [SkippableFact]
    public async Task Endpoints_WhoseNewestIsAboutToRunOut_AreFound()
    {
        using (await _ca.EnrollAsync("template.expiring.test"))
        {
        }

        await _ca.Database.ExecuteAsync(
            """
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, renews, der)
            SELECT v.serial::bytea, v.name, ARRAY[v.name], c.issuer, c.issuer_key_id, 'leaf', 'expiring', 'test', sha256(v.serial::bytea), now() + v.remaining - v.lifetime, now() + v.remaining, now() + v.remaining - v.lifetime, v.renews::bytea, c.der
            FROM (VALUES ('\x6a01', 'month.expiring.test', interval '5 days', interval '30 days', NULL), ('\x6a02', 'day.expiring.test', interval '1 hour', interval '1 day', NULL),
                ('\x6a03', 'young.expiring.test', interval '7 days', interval '30 days', NULL), ('\x6a04', 'ended.expiring.test', interval '-1 hour', interval '1 day', NULL),
                ('\x6a05', 'revoked.expiring.test', interval '1 hour', interval '1 day', NULL), ('\x6a06', 'renewed.expiring.test', interval '1 hour', interval '1 day', NULL),
                ('\x6a07', 'renewed.expiring.test', interval '20 hours', interval '1 day', '\x6a06')) v (serial, name, remaining, lifetime, renews),
              (SELECT * FROM ca.certificates WHERE subject = 'template.expiring.test' LIMIT 1) c;
            INSERT INTO ca.revocations (serial, reason_code, revoked_by, revoked_at) VALUES ('\x6a05', 1, 'test', now());
            """);
        using var viewer = _ca.As("vera", Roles.Viewer);

        var all = (await ReadAsync<Page<EndpointSummary>>(viewer, "/portal/endpoints?provisioner=expiring")).Items;
        all.Where(endpoint => endpoint.Expiring).Select(endpoint => endpoint.Subject).ShouldBe(["month.expiring.test", "day.expiring.test"], ignoreOrder: true);
        (await SubjectsAsync("true")).ShouldBe(["day.expiring.test", "month.expiring.test"], "the one that began last is first");
        var first = await ReadAsync<Page<EndpointSummary>>(viewer, "/portal/endpoints?provisioner=expiring&expiring=true&limit=1");
        first.Items.ShouldHaveSingleItem().Subject.ShouldBe("day.expiring.test");
        var second = await ReadAsync<Page<EndpointSummary>>(viewer, $"/portal/endpoints?provisioner=expiring&expiring=true&limit=1&cursor={first.NextCursor}");
        (second.Items.ShouldHaveSingleItem().Subject, second.NextCursor).ShouldBe(("month.expiring.test", null));
        (await SubjectsAsync("false")).ShouldBe(all.Where(endpoint => !endpoint.Expiring).Select(endpoint => endpoint.Subject), ignoreOrder: true);

        async Task<IEnumerable<string>> SubjectsAsync(string expiring) =>
            (await ReadAsync<Page<EndpointSummary>>(viewer, $"/portal/endpoints?provisioner=expiring&expiring={expiring}")).Items.Select(endpoint => endpoint.Subject);
    }

    [SkippableFact]
    public async Task Endpoints_PageByPage_AreAllThereOnce()
    {
        foreach (var name in new[] { "1.pages.test", "2.pages.test", "3.pages.test" })
        {
            using var certificate = await _ca.EnrollAsync(name);
        }

        using var viewer = _ca.As("vera", Roles.Viewer);
        List<string> seen = [];
        string? cursor = "";
        while (cursor is not null)
        {
            var page = await ReadAsync<Page<EndpointSummary>>(viewer, $"/portal/endpoints?limit=1&active=true&profile=leaf{(cursor.Length > 0 ? "&cursor=" + cursor : "")}");
            seen.AddRange(page.Items.Select(endpoint => endpoint.Subject));
            cursor = page.NextCursor;
        }

        seen.Where(name => name.EndsWith(".pages.test", StringComparison.Ordinal)).ShouldBe(["3.pages.test", "2.pages.test", "1.pages.test"]);
    }

    [SkippableTheory]
    [InlineData("name=b.search.test", true)]
    [InlineData("name=B.SEARCH.test", true)]
    [InlineData("name=search.test", false)]
    [InlineData("name=a.search.test&state=valid", true)]
    [InlineData("name=a.search.test&state=expired", false)]
    [InlineData("name=a.search.test&state=revoked", false)]
    [InlineData("name=a.search.test&state=on-hold", false)]
    [InlineData("name=a.search.test&provisioner=iot-bridge", true)]
    [InlineData("name=a.search.test&provisioner=other", false)]
    [InlineData("name=a.search.test&issuer=IoTPlatform%20Intermediate%20CA", true)]
    [InlineData("name=a.search.test&issuer=Other", false)]
    public async Task Certificates_ByFilter(string filter, bool isFound)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        (await client.SignAsync(StepCaCalls.Csr(key, "a.search.test", "a.search.test", "b.search.test"), _ca.Token("a.search.test", "a.search.test", "b.search.test"))).Status.ShouldBe(HttpStatusCode.Created);
        using var viewer = _ca.As("vera", Roles.Viewer);

        (await ReadAsync<Page<CertificateSummary>>(viewer, "/portal/certificates?" + filter)).Items.Count.ShouldBe(isFound ? (await CountAsync(viewer)) : 0);

        static async Task<int> CountAsync(HttpClient viewer) => (await ReadAsync<Page<CertificateSummary>>(viewer, "/portal/certificates?subject=a.search.test")).Items.Count;
    }

    [SkippableFact]
    public async Task Certificates_OnHoldAndRevoked_AreFoundByState()
    {
        using var held = await _ca.EnrollAsync("held.states.test");
        using var revoked = await _ca.EnrollAsync("revoked.states.test");
        await RevokeAsync(held, reasonCode: 6);
        await RevokeAsync(revoked);
        using var viewer = _ca.As("vera", Roles.Viewer);

        (await ReadAsync<Page<CertificateSummary>>(viewer, "/portal/certificates?state=on-hold")).Items.Select(c => c.Subject).ShouldBe(["held.states.test"]);
        (await ReadAsync<Page<CertificateSummary>>(viewer, "/portal/certificates?state=revoked&text=states.test")).Items.Select(c => c.Subject).ShouldBe(["revoked.states.test"]);
        (await viewer.ReadAsync("/portal/certificates?state=other")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Export_WritesEveryCertificateOnce()
    {
        foreach (var name in new[] { "1.export.test", "2.export.test" })
        {
            using var certificate = await _ca.EnrollAsync(name);
        }

        using var viewer = _ca.As("vera", Roles.Viewer);
        var csv = await viewer.ReadAsync("/portal/certificates/export?text=.export.test");
        var json = await viewer.ReadAsync("/portal/certificates/export?text=.export.test&format=json");

        csv.ContentType.ShouldBe("text/csv");
        csv.Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')[2].Trim('"')).ShouldBe(["subject", "2.export.test", "1.export.test"]);
        json.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => System.Text.Json.JsonSerializer.Deserialize(line, ContractsJson.Default.CertificateSummary)!.Subject)
            .ShouldBe(["2.export.test", "1.export.test"]);
        (await viewer.ReadAsync("/portal/certificates/export?format=xml")).Status.ShouldBe(HttpStatusCode.BadRequest);
        using var nobody = _ca.Client();
        (await nobody.ReadAsync("/portal/certificates/export")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await nobody.ReadAsync("/portal/endpoints")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public void Csv_OfNamesThatSpreadsheetsCompute_IsText()
    {
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var line = CertificateExport.Csv(new CertificateSummary
        {
            Serial = "1",
            Subject = "=cmd|' /C calc'!A0",
            Sans = ["a\"b"],
            Issuer = "+1",
            Profile = "leaf",
            Provisioner = "@x",
            Requester = "-y",
            NotBefore = now,
            NotAfter = now,
        });

        line.ShouldBe("\"1\",\"\",\"'=cmd|' /C calc'!A0\",\"a\"\"b\",\"'+1\",\"leaf\",\"'@x\",\"'-y\",\"2030-01-01T00:00:00Z\",\"2030-01-01T00:00:00Z\",\"\",\"\"\r\n");
    }

    private async Task RenewAsync(X509Certificate2 certificate)
    {
        using var holder = _ca.Client(certificate);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
    }

    private async Task RevokeAsync(X509Certificate2 certificate, int reasonCode = 0)
    {
        using var client = _ca.Client();
        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode)).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<T> ReadAsync<T>(HttpClient client, string path) =>
        (T)(await client.GetFromJsonAsync(path, typeof(T), ContractsJson.Default))!;
}
