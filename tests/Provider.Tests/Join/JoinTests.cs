using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class JoinTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Join_FirstCall_AnswersTheWholeBundle()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("acme");

        var bundle = await _provider.JoinAsync(prepared.JoinKey, tenant);

        bundle.TenantId.ShouldBe("acme");
        bundle.Status.ShouldBe("joined");
        bundle.PlatformDomain.ShouldBe("iot.example");
        (bundle.RabbitmqVhost, bundle.RabbitmqUser, bundle.RabbitmqMqttUrl).ShouldBe(("acme", "acme-mqtt-bridge", $"mqtts://localhost:{_provider.Url.Port}/"));
        bundle.RabbitmqUrl.ShouldBeNull("the embedded broker speaks no AMQP");
        bundle.CdmIdpClientId.ShouldBe("cdm-federation-acme");
        bundle.CdmIdpClientSecret.ShouldNotBeNull().Length.ShouldBe(43);
        bundle.CdmDiscoveryUrl.ShouldNotBeNull().ShouldEndWith("/.well-known/openid-configuration");
        X509Certificate2.CreateFromPem(bundle.RootCaCert).RawData.ShouldBe(_provider.Root.RawData);
    }

    [SkippableFact]
    public async Task Join_SubCaCertificate_HasNameConstraints()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("boxed", "boxed.example", "factory.example");

        var bundle = await _provider.JoinAsync(prepared.JoinKey, tenant);

        using var subCa = X509Certificate2.CreateFromPem(bundle.SignedCert);
        subCa.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(tenant.SubCa.SubjectPublicKeyInfo);
        subCa.Subject.ShouldBe("CN=boxed Sub-CA");
        (subCa.NotAfter - subCa.NotBefore).TotalDays.ShouldBe(730, 0.01);
        var basic = subCa.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        (basic.CertificateAuthority, basic.HasPathLengthConstraint, basic.PathLengthConstraint).ShouldBe((true, true, 0));
        subCa.Extensions.Single(e => e.Oid!.Value == "2.5.29.30").Critical.ShouldBeTrue();
        var constraints = NameConstraints.FromCertificate(subCa)!;
        constraints.PermittedUriDomains.ShouldBe(["boxed.iot.example"]);
        constraints.PermittedDns.ShouldBe(["boxed.example", "factory.example", "localhost"]);
        constraints.ExcludedDns.ShouldBe(["provider.iot.example"]);
        constraints.ExcludedIp.ShouldBe([IPNetwork.Parse("192.0.2.7/32"), IPNetwork.Parse("::ffff:192.0.2.7/128")]);
        VerifyChain(bundle, bundle.SignedCert);
    }

    [SkippableFact]
    public async Task Join_BridgeCertificate_CarriesOurNamesAndIsFromTheIntermediate()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.JoinAsync((await _provider.PrepareAsync("bridged")).JoinKey, tenant);

        using var bridge = X509Certificate2.CreateFromPem(bundle.MqttBridgeCert);
        bridge.Subject.ShouldBe("CN=bridged-mqtt-bridge");
        SubjectNames.FromCertificate(bridge).Uris.ShouldBe(["spiffe://bridged.iot.example/mqtt-bridge"]);
        bridge.Issuer.ShouldBe(_provider.Authority.Chain.Issuer.Subject);
        bridge.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value).ShouldBe(["1.3.6.1.5.5.7.3.2"]);
        VerifyChain(bundle, bundle.MqttBridgeCert);
    }

    [SkippableFact]
    public async Task Join_Done_BrokerAndFederationHoldWhatTheyWillEnforce()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.JoinAsync((await _provider.PrepareAsync("world")).JoinKey, tenant);

        (await _provider.Database.ScalarAsync<string>("SELECT name FROM provider.broker_namespaces WHERE tenant_id = 'world'")).ShouldBe("world");
        (await _provider.Database.ScalarAsync<string>("SELECT client_id_prefix FROM provider.broker_logins WHERE namespace = 'world' AND name = 'world-mqtt-bridge'")).ShouldBe("world.");
        (await _provider.Database.ScalarAsync<string[]>("SELECT array_agg(filter ORDER BY filter) FROM provider.broker_topic_permissions WHERE login = 'world-mqtt-bridge' AND action = 'publish'"))
            .ShouldBe(["commands/+/+/response", "events/#", "status/#", "telemetry/#"]);
        (await _provider.Database.ScalarAsync<string[]>("SELECT array_agg(filter) FROM provider.broker_topic_permissions WHERE login = 'world-mqtt-bridge' AND action = 'subscribe'"))
            .ShouldBe(["commands/#"]);
        (await _provider.RedirectUriAsync("world")).ShouldBe("https://keycloak.acme.example/realms/world/broker/cdm-provider/endpoint");
        (await _provider.AuthenticatesAsync("world", bundle.CdmIdpClientSecret!)).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Join_WithoutKeycloakUrl_HasASecretAndNoClientYet()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("no-keycloak");

        (await _provider.TryJoinAsync(prepared.JoinKey, tenant.Request(keycloakUrl: null))).Read(ContractsJson.Default.JoinBundle).CdmIdpClientId.ShouldBe("cdm-federation-no-keycloak");

        (await _provider.RedirectUriAsync("no-keycloak")).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Join_Done_NoSecretLiesInTheDatabase()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("secretive");
        var bundle = await _provider.JoinAsync(prepared.JoinKey, tenant);

        foreach (var secret in new[] { prepared.JoinKey, prepared.JoinKey.Replace("-", "", StringComparison.Ordinal), bundle.CdmIdpClientSecret!, RunningProvider.AdminPassword })
        {
            (await DatabaseText.ContainsAsync(_provider.Database, secret)).ShouldBeFalse();
        }
    }

    [SkippableFact]
    public async Task Join_SameHolderAgain_GetsTheSameBundleAndNothingTwice()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("again");
        var first = await _provider.JoinAsync(prepared.JoinKey, tenant);

        var second = await _provider.JoinAsync(prepared.JoinKey, tenant);

        second.SignedCert.ShouldBe(first.SignedCert);
        second.MqttBridgeCert.ShouldBe(first.MqttBridgeCert);
        second.CdmIdpClientSecret.ShouldBe(first.CdmIdpClientSecret);
        (await _provider.CertificatesAsync("again", "tenant-sub-ca", valid: false)).ShouldBe(1);
        (await _provider.CertificatesAsync("again", "mqtt-bridge", valid: false)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_SameHolderWithNewBridgeKey_GetsACertificateForIt()
    {
        using var tenant = new TestTenant();
        using var newBridge = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var prepared = await _provider.PrepareAsync("new-bridge");
        var first = await _provider.JoinAsync(prepared.JoinKey, tenant);
        var changed = tenant.Request() with { MqttBridgeCsr = CertificateSigningRequest.CreatePem(newBridge, new SubjectNames()) };

        var second = (await _provider.TryJoinAsync(prepared.JoinKey, changed)).Read(ContractsJson.Default.JoinBundle);

        second.SignedCert.ShouldBe(first.SignedCert);
        using var certificate = X509Certificate2.CreateFromPem(second.MqttBridgeCert);
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(newBridge.ExportSubjectPublicKeyInfo());
        (await _provider.TryConfirmAsync("new-bridge", tenant)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await _provider.CertificatesAsync("new-bridge", "mqtt-bridge", valid: true)).ShouldBe(1);
        (await _provider.ShowAsync("new-bridge")).BridgeSerial.ShouldBe(SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span));
    }

    [SkippableFact]
    public async Task Join_TwoStacksAtOnce_ExactlyOneBinds()
    {
        var prepared = await _provider.PrepareAsync("race");
        var tenants = Enumerable.Range(0, 6).Select(_ => new TestTenant()).ToList();

        var answers = await Task.WhenAll(tenants.Select(tenant => _provider.TryJoinAsync(prepared.JoinKey, tenant)));

        answers.Count(a => a.Status == HttpStatusCode.OK).ShouldBe(1);
        foreach (var loser in answers.Where(a => a.Status != HttpStatusCode.OK))
        {
            loser.ShouldBe(HttpStatusCode.Conflict, "join_key_bound");
        }

        (await _provider.CertificatesAsync("race", "tenant-sub-ca", valid: false)).ShouldBe(1);
        (await _provider.RefusedAsync("join.key_conflict", "race")).ShouldBe(5);
        tenants.ForEach(tenant => tenant.Dispose());
    }

    [SkippableFact]
    public async Task Join_OneStackManyTimesAtOnce_NothingExistsTwice()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("eager");

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _provider.TryJoinAsync(prepared.JoinKey, tenant)));

        answers.Select(a => a.Read(ContractsJson.Default.JoinBundle).SignedCert).Distinct().Count().ShouldBe(1);
        (await _provider.CertificatesAsync("eager", "tenant-sub-ca", valid: false)).ShouldBe(1);
        (await _provider.CertificatesAsync("eager", "mqtt-bridge", valid: false)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_OneKeyForBothCsrs_IsRefusedAndTheJoinKeyStaysFree()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("one-key");
        var request = tenant.Request();

        (await _provider.TryJoinAsync(prepared.JoinKey, request with { SubCaCsr = request.MqttBridgeCsr })).ShouldBe(HttpStatusCode.BadRequest, "csr_key_reused");

        (await _provider.ShowAsync("one-key")).Status.ShouldBe(TenantStatus.Prepared);
        (await _provider.TryJoinAsync(prepared.JoinKey, tenant)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Join_UnknownFields_ChangeNothing()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("extra");
        var json = System.Text.Json.Nodes.JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(tenant.Request(), ContractsJson.Default.JoinRequest))!.AsObject();
        json["tenant_id"] = "race";
        json["status"] = "active";
        json["dns_domains"] = new System.Text.Json.Nodes.JsonArray("provider.iot.example");

        var bundle = (await _provider.Anonymous().PostJsonAsync("portal/admin/join", json.ToJsonString(), ("X-Join-Key", prepared.JoinKey))).Read(ContractsJson.Default.JoinBundle);

        bundle.TenantId.ShouldBe("extra");
        using var subCa = X509Certificate2.CreateFromPem(bundle.SignedCert);
        NameConstraints.FromCertificate(subCa)!.PermittedDns.ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"sub_ca_csr":null,"mqtt_bridge_csr":null}""")]
    [InlineData("""{"sub_ca_csr":1,"mqtt_bridge_csr":2}""")]
    public async Task Join_MalformedBody_IsABadRequest(string json)
    {
        var prepared = await _provider.TryPrepareAsync("malformed-" + Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(json)).AsSpan(0, 4)));
        var key = prepared.Read(ContractsJson.Default.PreparedTenant).JoinKey;

        (await _provider.Anonymous().PostJsonAsync("portal/admin/join", json, ("X-Join-Key", key))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Join_OversizeBody_IsRefusedUnread()
    {
        // Expect: the caller waits for the answer before it sends the body, so what comes back is never a broken pipe.
        var answer = await _provider.Anonymous().PostJsonAsync(
            "portal/admin/join", "{\"sub_ca_csr\":\"" + new string('A', 2_000_000) + "\"}", ("X-Join-Key", "0000-0000-0000-0000"), ("Expect", "100-continue"));

        answer.Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    private void VerifyChain(JoinBundle bundle, string certificatePem)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(bundle.CaChain);
        using var certificate = X509Certificate2.CreateFromPem(certificatePem);
        ChainVerifier.Verify(certificate, chain, [_provider.Root], CertificatePurpose.Any, _provider.Time.GetUtcNow()).Reason.ShouldBeNull();
    }
}
