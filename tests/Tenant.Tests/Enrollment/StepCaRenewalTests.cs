using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Client;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>step-ca's renew and rekey for a device certificate are the device's own renewal, with all of its rules.</summary>
public sealed class StepCaRenewalTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableTheory]
    [InlineData("rekey")]
    [InlineData("1.0/rekey")]
    public async Task Rekey_KeyOfAnotherDevice_IsRefused(string endpoint)
    {
        using var one = new TestDevice("step-a-" + Name(endpoint));
        using var two = new TestDevice("step-b-" + Name(endpoint));
        var token = await shared.TokenAsync(uses: 2);
        using var identity = one.Identity(await one.EnrollAsync(Tenant, token));
        await two.EnrollAsync(Tenant, token);

        (await RekeyAsync(endpoint, identity, two)).ShouldBe(HttpStatusCode.Conflict);
        await HasCertificatesAsync(one.Id, 1);
    }

    [SkippableTheory]
    [InlineData("rekey")]
    [InlineData("1.0/rekey")]
    public async Task Rekey_KeyThatWasRetired_IsRefused(string endpoint)
    {
        using var device = new TestDevice("step-c-" + Name(endpoint));
        using var old = new TestDevice(device.Id);
        await old.EnrollAsync(Tenant, await shared.TokenAsync());
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync(device.Id)));

        (await RekeyAsync(endpoint, identity, old)).ShouldBe(HttpStatusCode.Forbidden);
        await HasCertificatesAsync(device.Id, 2);
    }

    [SkippableFact]
    public async Task Rekey_OwnNewKey_IsTheDevicesFromThenOn()
    {
        using var device = new TestDevice("step-d");
        using var next = new TestDevice("step-d");
        using var thief = new TestDevice("step-e");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));

        (await RekeyAsync("1.0/rekey", identity, next)).ShouldBe(HttpStatusCode.Created);

        var token = await shared.TokenAsync();
        using var client = Tenant.Client();
        await Refused.WithAsync(409, "key_in_use", () => client.EnrollAsync("step-e", token, new() { Csr = CertificateSigningRequest.CreatePem(next.Key, new SubjectNames()) }));
    }

    [SkippableTheory]
    [InlineData("renew")]
    [InlineData("1.0/renew")]
    public async Task Renew_AfterTheLifetimeWasShortened_GetsTheShortOne(string endpoint)
    {
        await using var tenant = await TestTenant.StartAsync();
        using var admin = await tenant.AdminAsync();
        using var device = new TestDevice("step-f");
        using var identity = device.Identity(await device.EnrollAsync(tenant, (await admin.CreateTokenAsync(new())).Token));
        tenant.DeviceLifetime = TimeSpan.FromHours(1);
        await tenant.BootAsync();
        using var http = PlatformHttp.Create(tenant.Url, tenant.Trust, identity, TimeSpan.FromSeconds(30));

        using var answer = await http.PostAsync(endpoint, content: null);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        using var certificate = X509Certificate2.CreateFromPem(json.RootElement.GetProperty("crt").GetString());
        (certificate.NotAfter - certificate.NotBefore).ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(61));
    }

    [SkippableTheory]
    [InlineData("renew")]
    [InlineData("1.0/renew")]
    public async Task Renew_ServiceCertificateOfTheTenantItself_IsRefused(string endpoint)
    {
        var service = Tenant.Service<CertificateAuthority.CertificateAuthorityModule>().ServiceCertificate.Current;
        using var http = PlatformHttp.Create(Tenant.Url, Tenant.Trust, service, TimeSpan.FromSeconds(30));

        using var answer = await http.PostAsync(endpoint, content: null);

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Reservations_IdOfARegisteredDevice_BelongsToTheRegistry()
    {
        using var device = new TestDevice("step-g");
        var reserved = Tenant.Running!.Services.GetServices<IReservedNames>().ToList();
        async Task<bool> IsFreeAsync(SubjectNames names) => (await Task.WhenAll(reserved.Select(r => r.OwnerOfAnyAsync(names, default).AsTask()))).All(owner => owner is null);
        (await IsFreeAsync(new SubjectNames { CommonName = "step-g" })).ShouldBeTrue();

        await device.EnrollAsync(Tenant, await shared.TokenAsync());

        (await IsFreeAsync(new SubjectNames { CommonName = "step-g" })).ShouldBeFalse();
        (await IsFreeAsync(new SubjectNames { CommonName = "x.test", Dns = ["STEP-G"] })).ShouldBeFalse();
        (await IsFreeAsync(new SubjectNames { CommonName = "x.test", Dns = ["step-g.test"] })).ShouldBeTrue();
    }

    private async Task<HttpStatusCode> RekeyAsync(string endpoint, X509Certificate2 identity, TestDevice keyOf)
    {
        using var http = PlatformHttp.Create(Tenant.Url, Tenant.Trust, identity, TimeSpan.FromSeconds(30));
        using var answer = await http.PostAsJsonAsync(endpoint, new { csr = CertificateSigningRequest.CreatePem(keyOf.Key, new SubjectNames()) });
        return answer.StatusCode;
    }

    private async Task HasCertificatesAsync(string deviceId, int count) => (await shared.Admin.GetDeviceAsync(deviceId)).Certificates.Count.ShouldBe(count);

    private static string Name(string endpoint) => endpoint.Replace('/', '-').Replace('.', '-');
}
