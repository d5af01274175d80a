using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>Nothing here may cost a use of the token, make a device or reach the signer.</summary>
public sealed class HostileEnrollmentTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableTheory]
    [InlineData("UPPER")]
    [InlineData("with space")]
    [InlineData("colon:name")]
    [InlineData("under_score")]
    [InlineData("-dash")]
    [InlineData("dash-")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("пример")]
    [InlineData("new\nline")]
    [InlineData("nul\0")]
    [InlineData("*")]
    [InlineData("*.acme")]
    [InlineData("tokens")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("a'; DROP TABLE tenant.devices; --")]
    public async Task Enroll_HostileDeviceId_IsRefused(string id)
    {
        var token = await shared.TokenAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = Tenant.Client();
        var request = new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(key, new SubjectNames()) };

        var refused = await Should.ThrowAsync<Client.ApiException>(() => client.EnrollAsync(id, token, request));

        refused.Status.ShouldBeOneOf(400, 404);
        await AssertNothingHappenedAsync(token);
    }

    [SkippableTheory]
    [InlineData("../../portal/devices")]
    [InlineData("..%2f..%2fportal")]
    [InlineData("%00")]
    [InlineData("a%2fb")]
    public async Task Enroll_PathTricks_ReachNothing(string path)
    {
        var token = await shared.TokenAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var status = await PostRawAsync($"devices/{path}/enroll", token, new { csr = CertificateSigningRequest.CreatePem(key, new SubjectNames()) });

        ((int)status).ShouldBeInRange(400, 499);
        await AssertNothingHappenedAsync(token);
    }

    public static TheoryData<string, string> HostileCsrs() => new()
    {
        { "empty", "csr_malformed" },
        { "not a csr", "csr_malformed" },
        { "certificate", "csr_malformed" },
        { "bad signature", "csr_bad_signature" },
        { "rsa 1024", "csr_key_refused" },
        { "p-224", "csr_key_refused" },
        { "sha-1", "csr_weak_hash" },
        { "ca:true", "csr_requests_ca" },
        { "other cn", "csr_names_mismatch" },
        { "other dns", "csr_names_mismatch" },
        { "ip", "csr_names_mismatch" },
        { "e-mail", "csr_names_mismatch" },
        { "other spiffe", "csr_names_mismatch" },
        { "two requests", "csr_malformed" },
        { "huge", "csr_too_large" },
    };

    [SkippableTheory]
    [MemberData(nameof(HostileCsrs))]
    public async Task Enroll_HostileCsr_IsRefused(string kind, string code)
    {
        var token = await shared.TokenAsync();
        using var client = Tenant.Client();

        await Refused.WithAsync(400, code, () => client.EnrollAsync("victim", token, new EnrollRequest { Csr = Csrs.Make(kind, "victim") }));

        await AssertNothingHappenedAsync(token);
    }

    [SkippableTheory]
    [InlineData("name\u0007bell")]
    [InlineData("line\nbreak")]
    [InlineData("right\u202Eto left")]
    public async Task Enroll_ControlCharactersInText_IsRefused(string name)
    {
        var token = await shared.TokenAsync();
        using var device = new TestDevice("victim");
        using var client = Tenant.Client();

        await Refused.WithAsync(400, "invalid_text", () => client.EnrollAsync("victim", token, device.Request with { DeviceName = name }));
        await AssertNothingHappenedAsync(token);
    }

    [SkippableFact]
    public async Task Enroll_OverlongText_IsRefused()
    {
        var token = await shared.TokenAsync();
        using var device = new TestDevice("victim");
        using var client = Tenant.Client();

        await Refused.WithAsync(400, "invalid_text", () => client.EnrollAsync("victim", token, device.Request with { DeviceName = new string('x', 129) }));
        await Refused.WithAsync(400, "invalid_text", () => client.EnrollAsync("victim", token, device.Request with { DeviceType = new string('x', 65) }));
        await AssertNothingHappenedAsync(token);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"csr\":1}")]
    [InlineData("{\"csr\":null}")]
    [InlineData("{\"csr\":\"x\"")]
    public async Task Enroll_MalformedBody_IsABadRequest(string body)
    {
        var token = await shared.TokenAsync();
        using var http = Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, "devices/victim/enroll");
        request.Headers.Authorization = new("Bearer", token);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");

        using var answer = await http.SendAsync(request);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        await AssertNothingHappenedAsync(token);
    }

    [SkippableFact]
    public async Task Enroll_HugeBody_IsCutOff()
    {
        var token = await shared.TokenAsync();

        var status = await PostRawAsync("devices/victim/enroll", token, new { csr = new string('A', 2 * 1024 * 1024) });

        status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        await AssertNothingHappenedAsync(token);
    }

    [SkippableFact]
    public async Task Enroll_NameTheSubCaMayNotSign_IsRefusedBeforeTheTokenIsUsed()
    {
        var token = await shared.TokenAsync();
        using var device = new TestDevice("api.provider.example");

        await Refused.WithAsync(400, "device_id_not_permitted", () => device.EnrollAsync(Tenant, token));
        await AssertNothingHappenedAsync(token);
    }

    private async Task AssertNothingHappenedAsync(string token)
    {
        var hash = Features.Enrollment.EnrollmentSecret.Hash(token);
        (await Tenant.Database.ScalarAsync<int>("SELECT used FROM tenant.enrollment_tokens WHERE token_sha256 = $1", hash)).ShouldBe(0);
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.devices")).ShouldBe(0);
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'device'")).ShouldBe(0);
    }

    private HttpClient Http() => Client.PlatformHttp.Create(Tenant.Url, Tenant.Trust, client: null, TimeSpan.FromSeconds(30));

    private async Task<HttpStatusCode> PostRawAsync(string path, string token, object body)
    {
        using var http = Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.ExpectContinue = true; // waits for the answer before it sends a body: never a broken pipe
        request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request);
        return answer.StatusCode;
    }
}
