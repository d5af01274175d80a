using System.Net;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.CertificateAuthority.Tests.Issuers;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.AspNetCore.Builder;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>mTLS login, and a tenant that signs whatever it likes with its own Sub-CA key.</summary>
public sealed class ClientCertificateTests(ClientCertificateTests.Host host) : IClassFixture<ClientCertificateTests.Host>
{
    private readonly CaHost _ca = host.Ca;

    [SkippableFact]
    public async Task Login_BridgeCertificate_HasItsClaims()
    {
        using var bridge = await IssueAsync(Profiles.MqttBridge, "acme-mqtt-bridge", SpiffeId.Bridge("acme", "iot.example"));
        using var client = _ca.Client(bridge);

        var reply = await client.ReadAsync("/bridge");

        reply.Status.ShouldBe(HttpStatusCode.OK, reply.Body);
        reply.Body.ShouldBe($"serial={bridge.Serial()};profile=mqtt-bridge;cn=acme-mqtt-bridge;spiffe=spiffe://acme.iot.example/mqtt-bridge;tenant=acme");
    }

    [SkippableFact]
    public async Task Login_NoCertificate_Is401()
    {
        using var client = _ca.Client();

        (await client.ReadAsync("/bridge")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Login_AnotherProfile_Is403()
    {
        using var leaf = await _ca.EnrollAsync("leaf.test");
        using var client = _ca.Client(leaf);

        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.OK);
        (await client.ReadAsync("/bridge")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await client.ReadAsync("/device")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>Whether this stack made the issuer or took it over: what it signs is a leaf, and says so on record.</summary>
    [SkippableFact]
    public async Task Login_LeafOfAnIssuerBesideTheStacksOwn_IsALeafAndNothingElse_AndOfItsKeyAloneNobody()
    {
        using var other = new OtherAuthority("Login");
        using var tokens = new TokenMaker("login-tokens");
        await tokens.UseAsync(_ca, await _ca.ImportAsync(other));
        using var leaf = await tokens.EnrollAsync(_ca, "leaf.test");
        using var client = _ca.Client(leaf);

        (await client.ReadAsync("/any")).Body.ShouldContain("profile=leaf");
        (await client.ReadAsync("/bridge")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await client.ReadAsync("/device")).Status.ShouldBe(HttpStatusCode.Forbidden);
        // Signed with the issuer's key, wherever else that is.
        foreach (var name in new[] { "acme-mqtt-bridge", "pump-1" })
        {
            using var forged = other.Leaf(name);
            using var stranger = _ca.Client(forged);
            (await stranger.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
            (await stranger.ReadAsync("/bridge")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [SkippableFact]
    public async Task Login_RevokedOnAnOpenConnection_Is401AtOnce()
    {
        using var leaf = await _ca.EnrollAsync("leaf.test");
        using var client = _ca.Client(leaf);
        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.OK);

        await _ca.Authority.RevokeAsync(new Revocation { Serial = leaf.SerialNumberBytes.ToArray(), By = "admin" }, CancellationToken.None);

        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("provider service", "iot-bridge-api", "localhost", "spiffe://iot.example/service/iot-bridge-api")]
    [InlineData("another tenant's bridge", "globex-mqtt-bridge", null, "spiffe://globex.iot.example/mqtt-bridge")]
    [InlineData("another tenant's device", "pump-1", "pump-1", "spiffe://globex.iot.example/device/pump-1")]
    [InlineData("its own bridge", "acme-mqtt-bridge", null, "spiffe://acme.iot.example/mqtt-bridge")]
    [InlineData("its own device", "pump-1", "pump-1", "spiffe://acme.iot.example/device/pump-1")]
    public async Task Login_LeafOfATenantsSubCa_Is401WhateverItSays(string _, string cn, string? dns, string uri)
    {
        using var leaf = host.Hostile.Leaf(cn, dns, uri);
        foreach (var sendChain in (bool[])[false, true])
        {
            using var client = sendChain ? ClientWithChain(leaf) : _ca.Client(leaf);

            (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
            (await client.ReadAsync("/bridge")).Status.ShouldBe(HttpStatusCode.Unauthorized);
            (await client.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
            (await client.RevokeAsync(leaf.Serial())).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        }
    }

    [SkippableFact]
    public async Task Login_TheSubCaCertificateItself_Is401()
    {
        using var subCa = host.Hostile.SubCa.CopyWithPrivateKey(host.Hostile.Key);
        using var client = _ca.Client(subCa);

        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await client.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Login_LeafThatNamesTheIntermediateAsItsIssuer_Is401()
    {
        using var leaf = host.Hostile.Leaf("acme-mqtt-bridge", null, "spiffe://acme.iot.example/mqtt-bridge", issuer: _ca.Authority.Issuers.Active.Certificate);
        using var client = _ca.Client(leaf);

        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Login_GenuineButNotOnRecord_Is401()
    {
        using var key = StepCaCalls.NewKey();
        var names = SubjectNames.FromSans("ghost", ["ghost"]);
        var csr = CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, names));
        var signer = _ca.Authority.Issuers.Active;
        var now = TimeProvider.System.GetUtcNow();
        var signed = signer.Issue(signer.Prepare(new CertificateTemplate { Profile = Profiles.Leaf, SubjectPublicKeyInfo = csr.SubjectPublicKeyInfo, Key = csr.Key, Names = names, NotBefore = now.AddMinutes(-1), NotAfter = now.AddHours(1) }));
        using var certificate = X509CertificateLoader.LoadCertificate(signed.Der.Span);
        using var ghost = certificate.CopyWithPrivateKey(key);
        using var client = _ca.Client(ghost);

        (await client.ReadAsync("/any")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await client.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    private HttpClient ClientWithChain(X509Certificate2 leaf)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificateContext = System.Net.Security.SslStreamCertificateContext.Create(leaf, [host.Hostile.SubCa, _ca.Authority.Issuers.Active.Certificate], offline: true);
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        return new HttpClient(handler) { BaseAddress = _ca.Url };
    }

    private async Task<X509Certificate2> IssueAsync(CertificateProfile profile, string cn, string uri)
    {
        using var key = StepCaCalls.NewKey();
        var names = new SubjectNames { CommonName = cn, Uris = [uri] };
        var issued = await _ca.Authority.IssueAsync(
            new IssueRequest { Profile = profile, Csr = CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, names)), Names = names, Provisioner = "join", Requester = "tenant:acme", Tenant = "acme" },
            CancellationToken.None);
        using var certificate = Pem.ParseCertificate(issued.Pem);
        return certificate.CopyWithPrivateKey(key);
    }

    public sealed class Host : IAsyncLifetime
    {
        public CaHost Ca { get; private set; } = null!;

        internal HostileTenant Hostile { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Ca = await CaHost.StartAsync(map: app =>
            {
                app.MapGet("/any", Claims).RequireAuthorization(ClientCertificateDefaults.AnyPolicy);
                app.MapGet("/bridge", Claims).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
                app.MapGet("/device", Claims).RequireAuthorization(ClientCertificateDefaults.DevicePolicy);
            });
            Hostile = await HostileTenant.JoinAsync(Ca);
        }

        public async Task DisposeAsync()
        {
            Hostile.Dispose();
            await Ca.DisposeAsync();
        }

        private static string Claims(ClaimsPrincipal user) => string.Join(';', user.Claims.Select(c => $"{c.Type.Split(':')[1]}={c.Value}"));
    }
}
