using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Who gets in at the provider's RabbitMQ, and how the provider notices a broker that does not see to it.</summary>
public sealed class BridgeAdmissionTests(PlatformFixture platform) : IClassFixture<PlatformFixture>
{
    private readonly RabbitMqServer _broker = platform.Broker;
    private readonly ProviderStack _provider = platform.Provider;

    /// <summary>An attacker used the JOIN key first: its certificates are revoked, and the tenant's own has the same name.</summary>
    [SkippableFact]
    public async Task Attack_RevokedCertificateOfABridge_IsRefusedAndThrownOffWhileAnotherOfTheSameLoginIsNot()
    {
        using var thief = await JoinedTenant.JoinAsync(_provider, "copied");
        using var stolen = thief.Bridge(_broker);
        await using var connected = await stolen.SubscribeAsync("copied.thief", "commands/#");
        connected.Subscribed.ShouldBeTrue(connected.Output);
        using var admin = await _provider.AdminAsync();

        var replaced = await admin.ReplaceJoinKeyAsync("copied");
        using var tenant = new JoinedTenant();
        await Waiting.UntilAsync(() => TryJoinAsync(tenant, replaced.JoinKey));

        await connected.LostAsync();
        await Waiting.UntilAsync(async () => await stolen.PublishAsync("copied.again", "telemetry/x", "{}") == MqttOutcome.NoConnection, TimeSpan.FromSeconds(20));
        await _broker.WaitForLogAsync("Certificate Revoked");
        using var good = tenant.Bridge(_broker);
        (await good.PublishAsync("copied.good", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Hold_OfABridge_ThrowsItOffUntilItIsReleased()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "held");
        using var bridge = tenant.Bridge(_broker);
        await using var connected = await bridge.SubscribeAsync("held.bridge", "commands/#");
        connected.Subscribed.ShouldBeTrue(connected.Output);
        using var admin = await _provider.AdminAsync();
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(tenant.Bundle.MqttBridgeCert);

        await admin.HoldCertificateAsync(certificate.SerialNumber, new HoldRequest { Reason = "who is that?" });

        var held = TimeProvider.System.GetTimestamp();
        await connected.LostAsync();
        // mosquitto_sub says nothing of its loss, and connects again a second later.
        TimeProvider.System.GetElapsedTime(held).ShouldBeLessThan(TimeSpan.FromSeconds(3));
        await Waiting.UntilAsync(async () => await bridge.PublishAsync("held.again", "telemetry/x", "{}") == MqttOutcome.NoConnection, TimeSpan.FromSeconds(20));
        await admin.ReleaseCertificateAsync(certificate.SerialNumber, new HoldRequest { Reason = "ours" });
        await Waiting.UntilAsync(async () => await bridge.PublishAsync("held.again", "telemetry/x", "{}") == MqttOutcome.Done, TimeSpan.FromSeconds(20));
    }

    /// <summary>As other verifiers that go by lists alone (CertificateAuthority.Tests/RelyingPartyTests): what was signed and never issued is good for them.</summary>
    [SkippableFact]
    public async Task Login_ByACertificateThatSaysWhatTheBridgesDoes_IsRefusedIfItIsExpiredOrOfAnotherCaOfTheName()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "fates");
        using var key = IntermediateKey();
        using var anotherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();

        async Task<MqttOutcome> LoginAsync(ECDsa caKey, DateTimeOffset notAfter)
        {
            using var client = new Mosquitto(_broker, tenant.CopyOfTheBridges(caKey, now.AddHours(-2), notAfter));
            return await client.PublishAsync("fates.copy", "telemetry/x", "{}");
        }

        (await LoginAsync(key, now.AddHours(1))).ShouldBe(MqttOutcome.Done);
        (await LoginAsync(key, now.AddHours(-1))).ShouldBe(MqttOutcome.NoConnection);
        await _broker.WaitForLogAsync("Certificate Expired");
        (await LoginAsync(anotherKey, now.AddHours(1))).ShouldBe(MqttOutcome.NoConnection);
    }

    /// <summary>A root that is not the platform's own has other CAs and leaves. The broker has no list of theirs, and needs none of the root's for the bridges.</summary>
    [SkippableFact]
    public async Task Attack_CertificateThatTheRootOrAnotherCaOfItSigned_IsRefused()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "rooted");
        using var rootKey = KeyOf("root_ca_key");
        using var bare = X509Certificate2.CreateFromPem(tenant.Bundle.RootCaCert);
        using var root = bare.CopyWithPrivateKey(rootKey);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Another CA", otherKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), now.AddDays(-1), now.AddDays(1), [1, 2, 3]);
        using var other = signed.CopyWithPrivateKey(otherKey);
        using var bridge = tenant.Bridge(_broker);
        (await bridge.PublishAsync("rooted.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);

        foreach (var issuer in (X509Certificate2[])[root, other])
        {
            using var client = new Mosquitto(_broker, tenant.CopyOfTheBridges(issuer));
            (await client.PublishAsync("rooted.copy", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NoConnection, issuer.Subject);
        }

        await _broker.WaitForLogAsync("no_relevant_crls");
    }

    /// <summary>A root that is not the platform's own signs servers of others as well, for whatever names. The broker has no list of them.</summary>
    [SkippableFact]
    public async Task Attack_ServerThatTheRootSigned_DoesNotAnswerForTheProvider()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "answered");
        using var bridge = tenant.Bridge(_broker);
        using var root = X509Certificate2.CreateFromPem(tenant.Bundle.RootCaCert);
        using var rootKey = KeyOf("root_ca_key");
        using var intermediate = X509Certificate2.CreateFromPem(tenant.Bundle.CaChain);
        using var intermediateKey = IntermediateKey();
        using var ofRoot = Localhost(root, rootKey);
        using var ofIntermediate = Localhost(intermediate, intermediateKey);
        var shown = SslStreamCertificateContext.Create(ofRoot, additionalCertificates: null, offline: true);
        var asked = 0;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = shown }),
        })));
        await using var server = builder.Build();
        server.Run(context =>
        {
            Interlocked.Increment(ref asked);
            return context.Response.WriteAsync("allow");
        });
        await server.StartAsync();
        var (provider, other) = ($"https://localhost:{_provider.Url.Port}/", $"https://localhost:{new Uri(server.Urls.Single()).Port}/");
        await ConfigureAsync("conf/15-ask.conf", provider, other);
        try
        {
            (await bridge.PublishAsync("answered.x", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
            Volatile.Read(ref asked).ShouldBe(0);
            await _broker.WaitForLogAsync("no_relevant_crls");

            // With the Intermediate CA's key it would.
            shown = SslStreamCertificateContext.Create(ofIntermediate, [intermediate], offline: true);
            (await bridge.PublishAsync("answered.x", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
            Volatile.Read(ref asked).ShouldBePositive();
        }
        finally
        {
            await ConfigureAsync("conf/15-ask.conf", other, provider);
        }

        await Waiting.UntilAsync(async () => (await ReadyAsync()).Status == HttpStatusCode.OK);
    }

    private static X509Certificate2 Localhost(X509Certificate2 issuer, ECDsa issuerKey)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, issuerKey.KeySize == 384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Pki.Oids.ServerAuth)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddMinutes(-5), now.AddHours(1), Pki.SerialNumber.Create(DateTimeOffset.UnixEpoch));
        return signed.CopyWithPrivateKey(key);
    }

    private ECDsa IntermediateKey() => KeyOf("intermediate_ca_key");

    private ECDsa KeyOf(string file)
    {
        var key = ECDsa.Create();
        key.ImportFromEncryptedPem(
            File.ReadAllText(Path.Combine(_provider.Data, "secrets", file)), File.ReadAllText(Path.Combine(_provider.Data, "ca-password")).TrimEnd('\n'));
        return key;
    }

    private async Task<bool> TryJoinAsync(JoinedTenant tenant, string joinKey)
    {
        try
        {
            await tenant.JoinWithAsync(_provider, joinKey);
            return true;
        }
        catch (ApiException e) when (e.Status == 503)
        {
            return false;
        }
    }

    /// <summary>Case 17, with the certificate that was revoked: the other tenant's client id is out of reach either way.</summary>
    [SkippableFact]
    public async Task Attack_AnotherTenantsClientId_IsRefusedAndEndsNoSession()
    {
        using var victim = await JoinedTenant.JoinAsync(_provider, "victim");
        using var attacker = await JoinedTenant.JoinAsync(_provider, "attacker");
        using var victims = victim.Bridge(_broker);
        using var attackers = attacker.Bridge(_broker);
        await using var uplink = await victims.SubscribeAsync("victim.uplink", "commands/#");

        (await attackers.PublishAsync("victim.uplink", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        (await attackers.PublishAsync("foo", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);

        uplink.Connects.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Check_BrokerThatAsksAndRefuses_FindsNothingAndIsReady()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "proven");
        using var admin = await _provider.AdminAsync();

        // The first trial may be before the revocation of what it is made with.
        await Waiting.UntilAsync(async () => (await admin.CheckBrokerAsync("proven")).Broker is { Count: 0 });

        (await ReadyAsync()).ShouldBe((HttpStatusCode.OK, "ok"));
        File.Exists(Path.Combine(_provider.Data, "secrets", "broker_canary.pem")).ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData("an address instead of a name", "conf/15-ask.conf", "https://localhost:", "https://127.0.0.1:", "questions to the provider")]
    [InlineData("no provider there", "conf/15-ask.conf", "https://localhost:", "https://localhost:1", "questions to the provider")]
    [InlineData("nobody is asked", "conf/15-ask.conf", "auth_backends.1.authz = http", "auth_backends.1.authz = internal", "questions to the provider")]
    [InlineData("no revocation lists", "advanced.config", "{crl_check, peer}", "{crl_check, false}", "logins with a revoked certificate")]
    public async Task Check_BrokerOfAnotherConfiguration_SaysSoAndIsNotReady(string what, string file, string shipped, string broken, string found)
    {
        _ = what;
        var id = "misled-" + Guid.NewGuid().ToString("N")[..8];
        using var tenant = await JoinedTenant.JoinAsync(_provider, id);
        using var admin = await _provider.AdminAsync();
        using var bridge = tenant.Bridge(_broker);
        await Waiting.UntilAsync(async () => (await admin.CheckBrokerAsync(id)).Broker is { Count: 0 });
        await ConfigureAsync(file, shipped, broken);
        try
        {
            await Waiting.UntilAsync(async () => await CheckAsync(admin, id) is { Count: > 0 } all && all.Contains(found));
            await Waiting.UntilAsync(async () => await ReadyAsync() is (HttpStatusCode.ServiceUnavailable, _));
            // No client gets in without a question to the provider; only the revocation list is missing in the last case.
            (await bridge.PublishAsync($"{id}.x", "telemetry/x", "{}")).ShouldBe(found.StartsWith("questions", StringComparison.Ordinal) ? MqttOutcome.NotAuthorised : MqttOutcome.Done);
            (await bridge.PublishAsync("somebody.else", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        }
        finally
        {
            await ConfigureAsync(file, broken, shipped);
        }

        // By itself, although another caller's check found the fault.
        await Waiting.UntilAsync(async () => (await ReadyAsync()).Status == HttpStatusCode.OK);
        (await CheckAsync(admin, id)).ShouldBe([]);
        (await bridge.PublishAsync($"{id}.x", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    private async Task ConfigureAsync(string file, string before, string after)
    {
        _broker.Edit(file, text => text.Contains(before, StringComparison.Ordinal) ? text.Replace(before, after, StringComparison.Ordinal) : throw new InvalidOperationException($"{file} has no {before}"));
        await _broker.RestartAsync();
    }

    /// <summary>Null: the broker can't be asked at the moment.</summary>
    private static async Task<IReadOnlyList<string>?> CheckAsync(ProviderClient admin, string tenantId)
    {
        try
        {
            return [.. (await admin.CheckBrokerAsync(tenantId)).Broker!.Select(difference => difference.What)];
        }
        catch (ApiException e) when (e.Status == 503)
        {
            return null;
        }
    }

    private async Task<(HttpStatusCode Status, string? Broker)> ReadyAsync()
    {
        using var http = PlatformHttp.Create(_provider.Url, _provider.Trust.Provider(), null, TimeSpan.FromSeconds(30));
        using var answer = await http.GetAsync(new Uri("health/ready", UriKind.Relative));
        var json = System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return (answer.StatusCode, (string?)json["broker"]);
    }
}
