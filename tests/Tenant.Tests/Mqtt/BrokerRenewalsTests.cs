using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;
using IoTPlatform.Tenant.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>Whoever has a device's connection at a RabbitMQ asks, with whatever it holds: the broker does not say with which certificate.</summary>
public sealed class BrokerRenewalsTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableFact]
    public async Task Renew_WithTheKeyOfAGoodCertificate_IsACertificateOfThatKey()
    {
        using var device = new TestDevice("far-1");
        await device.EnrollAsync(shared.Tenant, await shared.TokenAsync());

        using var certificate = X509Certificate2.CreateFromPem((string)(await AskAsync("far-1", device.Csr))["certificate"]!);

        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(device.Key.ExportSubjectPublicKeyInfo());
    }

    [SkippableFact]
    public async Task Renew_WithoutACsr_IsRefused()
    {
        using var device = new TestDevice("far-2");
        await device.EnrollAsync(shared.Tenant, await shared.TokenAsync());

        (await CodeAsync("far-2", csr: null)).ShouldBe("csr_required");
    }

    [SkippableFact]
    public async Task Attack_AnotherKey_IsRefused()
    {
        using var device = new TestDevice("far-3");
        await device.EnrollAsync(shared.Tenant, await shared.TokenAsync());
        using var thief = new TestDevice("far-3");

        (await CodeAsync("far-3", thief.Csr)).ShouldBe("key_not_certified");
        (await shared.Admin.GetDeviceAsync("far-3")).Certificates.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Attack_KeyOfAnotherDevice_IsRefused()
    {
        using var device = new TestDevice("far-4");
        using var other = new TestDevice("far-5");
        var token = await shared.TokenAsync(uses: 2);
        await device.EnrollAsync(shared.Tenant, token);
        await other.EnrollAsync(shared.Tenant, token);

        (await CodeAsync("far-4", CertificateSigningRequest.CreatePem(other.Key, new SubjectNames()))).ShouldBe("key_not_certified");
    }

    [SkippableFact]
    public async Task Attack_KeyOfARevokedCertificate_IsRefused_AndTheDeviceGoesOnWithItsOther()
    {
        using var lost = new TestDevice("far-6");
        using var first = lost.Identity(await lost.EnrollAsync(shared.Tenant, await shared.TokenAsync()));
        using var kept = new TestDevice("far-6");
        await lost.RenewAsync(shared.Tenant, first, kept.Csr);
        await shared.Admin.RevokeCertificateAsync(SerialNumber.ToDecimal(Convert.FromHexString(first.SerialNumber)), new RevokeRequest { ReasonCode = 4 });

        (await CodeAsync("far-6", lost.Csr)).ShouldBe("certificate_revoked");
        (await AskAsync("far-6", kept.Csr))["certificate"].ShouldNotBeNull();
    }

    /// <summary>By the device's new enrolment.</summary>
    [SkippableFact]
    public async Task Attack_KeyThatWasGivenUp_IsRefused()
    {
        using var lost = new TestDevice("far-7");
        await lost.EnrollAsync(shared.Tenant, await shared.TokenAsync("far-7"));
        using var kept = new TestDevice("far-7");
        await kept.EnrollAsync(shared.Tenant, await shared.TokenAsync("far-7"));

        (await CodeAsync("far-7", lost.Csr)).ShouldBeOneOf("certificate_revoked", "key_retired");
    }

    private async Task<string?> CodeAsync(string deviceId, string? csr) => (string?)(await AskAsync(deviceId, csr))["code"];

    private async Task<JsonNode> AskAsync(string deviceId, string? csr)
    {
        var renewals = ActivatorUtilities.CreateInstance<BrokerRenewals>(shared.Tenant.Running!.Services);
        return JsonNode.Parse(await renewals.AnswerAsync(deviceId, System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["csr"] = csr }.ToJsonString()), default))!;
    }
}
