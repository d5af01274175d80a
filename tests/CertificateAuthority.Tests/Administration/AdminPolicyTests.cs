using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Administration;

/// <summary>The authority's name policy, which holds for every token, and those of provisioners.</summary>
public sealed class AdminPolicyTests : IAsyncLifetime
{
    private static readonly JsonObject Fleet = Policy("""{"dns":["*.fleet.test","step"],"emails":["@example.com"]}""");

    private readonly AdminHost _host = new();

    public Task InitializeAsync() => _host.InitializeAsync();

    public Task DisposeAsync() => _host.DisposeAsync();

    [SkippableFact]
    public async Task AuthorityPolicy_HoldsForEveryTokenAndRenewalAtOnce()
    {
        using var before = await _host.Ca.EnrollAsync("a.other.test");

        var added = await _host.Http.AdminAsync(_host.Super, "POST /admin/policy", Fleet);

        added.Status.ShouldBe(HttpStatusCode.Created, added.Body);
        using var certificate = await _host.Ca.EnrollAsync("a.fleet.test");
        using var key = StepCaCalls.NewKey();
        (await _host.Http.SignAsync(StepCaCalls.Csr(key, "a.other.test", "a.other.test"), _host.Ca.Token("a.other.test"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        using var holder = _host.Ca.Client(before);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Forbidden);
        JsonNode.DeepEquals(JsonNode.Parse((await _host.Http.AdminAsync(_host.Admin, "GET /admin/policy")).Body), Fleet).ShouldBeTrue();
        (await _host.Http.AdminAsync(_host.Super, "POST /admin/policy", Fleet)).ShouldBe(HttpStatusCode.Conflict, "conflict");
        (await _host.Http.AdminAsync(_host.Super, "PUT /admin/policy", Policy("""{"dns":["*.fleet.test","*.other.test","step"],"emails":["@example.com"]}"""))).Status.ShouldBe(HttpStatusCode.OK);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
        (await _host.Http.AdminAsync(_host.Super, "DELETE /admin/policy")).Status.ShouldBe(HttpStatusCode.OK);
        (await _host.Http.AdminAsync(_host.Super, "GET /admin/policy")).ShouldBe(HttpStatusCode.NotFound, "notFound");
        (await _host.Ca.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'authority'")).ShouldBe(
            "policy.changed ops:step, policy.changed ops:step, policy.removed ops:step");
    }

    [SkippableFact]
    public async Task AuthorityPolicy_SetByAnotherProcess_HoldsHereWithoutRestart()
    {
        var elsewhere = new AuthorityPolicyStore(_host.Ca.Database.DataSource, TimeProvider.System);

        await elsewhere.SaveAsync("""{"x509":{"deny":{"dns":["a.other.test"]}}}""", replaces: null, "operator", default);
        await SignsAsync(HttpStatusCode.Forbidden);
        await elsewhere.SaveAsync(policy: null, replaces: null, "operator", default);
        await SignsAsync(HttpStatusCode.Created);

        async Task SignsAsync(HttpStatusCode status)
        {
            using var key = StepCaCalls.NewKey();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while ((await _host.Http.SignAsync(StepCaCalls.Csr(key, "a.other.test", "a.other.test"), _host.Ca.Token("a.other.test"))).Status != status)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    [SkippableFact]
    public async Task AuthorityPolicy_ThatLocksAnAdministratorOut_IsRefused()
    {
        foreach (var policy in new[] { Policy("""{"dns":["*.fleet.test","step"]}"""), Policy("""{"emails":["@example.com"]}"""), new JsonObject { ["x509"] = new JsonObject { ["deny"] = new JsonObject { ["dns"] = new JsonArray("step") } } } })
        {
            var refused = await _host.Http.AdminAsync(_host.Super, "POST /admin/policy", policy);
            refused.ShouldBe(HttpStatusCode.BadRequest, "badRequest");
            refused.Message.ShouldContain("would lock out");
        }

        using var operators = _host.As(Roles.Admin);
        using var response = await operators.PutAsync("/portal/authority-policy", JsonContent.Create(new { x509 = new { allow = new { dns = new[] { "a.test" } } } }));
        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        _host.Ca.Module.Provisioners.PolicyRow.ShouldBeNull();
    }

    [SkippableFact]
    public async Task AuthorityPolicy_OfTheOperator_IsReplacedByVersion()
    {
        using var operators = _host.As(Roles.Admin);
        using var viewer = _host.As(Roles.Viewer);
        var policy = new { x509 = new { deny = new { dns = new[] { "no.test" } } } };
        (await operators.PutAsync("/portal/authority-policy", JsonContent.Create(policy))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var read = (await viewer.GetFromJsonAsync("/portal/authority-policy", ContractsJson.Default.AuthorityPolicyView))!;

        (await PutAsync(read.Version)).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(read.Version)).ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PutAsync(version: null)).ShouldBe(HttpStatusCode.PreconditionFailed, "there is one");
        using var refused = await operators.PutAsync("/portal/authority-policy", JsonContent.Create(new { x509 = new { permit = new { } } }));
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await TestApp.ProblemOf(refused)).Detail.ShouldBe("The policy can't be used: permit of its policy is not supported.");

        async Task<HttpStatusCode> PutAsync(long? version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, "/portal/authority-policy") { Content = JsonContent.Create(policy) };
            request.Headers.TryAddWithoutValidation(version is null ? "If-None-Match" : "If-Match", version is null ? "*" : $"\"{version}\"");
            using var response = await operators.SendAsync(request);
            return response.StatusCode;
        }
    }

    /// <summary>A row that a later version wrote, say.</summary>
    [SkippableFact]
    public async Task AuthorityPolicy_ThatCantBeRead_AllowsNothing()
    {
        await _host.Ca.Database.ExecuteAsync("INSERT INTO ca.authority_policy (policy, written_at) VALUES ('{\"x509\":{\"later\":{}}}', now())");
        await _host.Ca.Module.Provisioners.ReloadAsync(default);

        using var key = StepCaCalls.NewKey();
        (await _host.Http.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), _host.Ca.Token("a.test"))).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task ProvisionerPolicy_IsTheProvisionersAlone()
    {
        using var key = await _host.AddProvisionerAsync("fleet");

        (await _host.Http.AdminAsync(_host.Admin, "GET /admin/provisioners/fleet/policy")).ShouldBe(HttpStatusCode.NotFound, "notFound");
        var added = await _host.Http.AdminAsync(_host.Admin, "POST /admin/provisioners/fleet/policy", Fleet);

        added.Status.ShouldBe(HttpStatusCode.Created, added.Body);
        JsonNode.DeepEquals(JsonNode.Parse(added.Body), Fleet).ShouldBeTrue();
        using var certificate = await _host.CertificateAsync("a.fleet.test", "fleet", key);
        using var other = await _host.Ca.EnrollAsync("a.other.test");
        (await _host.Http.AdminAsync(_host.Admin, "POST /admin/provisioners/fleet/policy", Fleet)).ShouldBe(HttpStatusCode.Conflict, "conflict");
        (await _host.Http.AdminAsync(_host.Admin, "DELETE /admin/provisioners/fleet/policy")).Status.ShouldBe(HttpStatusCode.OK);
        using var again = await _host.CertificateAsync("a.other.test", "fleet", key);
    }

    [SkippableFact]
    public async Task ProvisionerPolicy_ThatLocksItsAdministratorsOut_IsRefused() =>
        (await _host.Http.AdminAsync(_host.Super, "POST /admin/provisioners/ops/policy", Policy("""{"dns":["step"]}"""))).Message.ShouldContain("anna@example.com");

    /// <summary>By whichever way it comes.</summary>
    [SkippableFact]
    public async Task ProvisionerPolicy_InAProvisionerThatIsSaved_LocksNobodyOutEither()
    {
        var shown = JsonNode.Parse((await _host.Http.AdminAsync(_host.Super, "GET /admin/provisioners/ops")).Body)!.AsObject();
        shown["policy"] = Policy("""{"dns":["step"]}""");

        (await _host.Http.AdminAsync(_host.Super, "PUT /admin/provisioners/ops", shown)).Message.ShouldContain("anna@example.com");
    }

    /// <summary>As <c>step ca policy acme x509</c> sets it, by the id of the external account key or its reference.</summary>
    [SkippableTheory]
    [InlineData("key")]
    [InlineData("reference")]
    public async Task AccountPolicy_IsAddedShownChangedAndRemoved(string by)
    {
        await AddAcmeAsync("web");
        var key = (await _host.Http.AdminAsync(_host.Admin, "POST /admin/acme/eab/web", new JsonObject { ["reference"] = "customer-17" })).Json.GetProperty("id").GetString()!;
        var (path, other) = by == "key" ? ($"/admin/acme/policy/web/key/{key}", "/admin/acme/policy/web/reference/customer-17") : ("/admin/acme/policy/web/reference/customer-17", $"/admin/acme/policy/web/key/{key}");
        var shops = JsonNode.Parse("""{"x509":{"allow":{"dns":["*.shop.test"],"ips":["10.0.0.0/8"]},"deny":{"dns":["no.shop.test"]},"allowWildcardNames":true}}""")!;

        (await _host.Http.AdminAsync(_host.Admin, $"GET {path}")).ShouldBe(HttpStatusCode.NotFound, "notFound");
        (await _host.Http.AdminAsync(_host.Admin, $"PUT {path}", shops)).Message.ShouldBe("ACME EAK policy does not exist");
        (await _host.Http.AdminAsync(_host.Admin, $"DELETE {path}")).ShouldBe(HttpStatusCode.NotFound, "notFound");
        var added = await _host.Http.AdminAsync(_host.Admin, $"POST {path}", shops);

        added.Status.ShouldBe(HttpStatusCode.Created, added.Body);
        JsonNode.DeepEquals(JsonNode.Parse(added.Body), shops).ShouldBeTrue(added.Body);
        JsonNode.DeepEquals(JsonNode.Parse((await _host.Http.AdminAsync(_host.Admin, $"GET {other}")).Body), shops).ShouldBeTrue();
        var twice = await _host.Http.AdminAsync(_host.Admin, $"POST {other}", shops);
        twice.ShouldBe(HttpStatusCode.Conflict, "conflict");
        twice.Message.ShouldBe($"ACME EAK {key} already has a policy");
        // No administrator's certificate is of an account: there is nobody to lock out.
        (await _host.Http.AdminAsync(_host.Admin, $"PUT {path}", Policy("""{"dns":["only.test"]}"""))).Status.ShouldBe(HttpStatusCode.OK);
        (await _host.Http.AdminAsync(_host.Admin, $"PUT {path}", Policy("""{"dns":["https://no.test"]}"""))).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        (await _host.Http.AdminAsync(_host.Admin, $"DELETE {path}")).Status.ShouldBe(HttpStatusCode.OK);
        (await _host.Http.AdminAsync(_host.Admin, $"GET {path}")).ShouldBe(HttpStatusCode.NotFound, "notFound");
        (await _host.Ca.Database.ScalarAsync<string>(
            $"SELECT string_agg(action || ' ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'web' AND action LIKE 'acme.account_policy.%' AND details LIKE '%{key}%'")).ShouldBe(
            "acme.account_policy.changed ops:anna@example.com, acme.account_policy.changed ops:anna@example.com, acme.account_policy.removed ops:anna@example.com");
    }

    [SkippableFact]
    public async Task AccountPolicy_OfWhatIsNotThere_IsNotFound()
    {
        await AddAcmeAsync("web");
        await AddAcmeAsync("elsewhere");
        await AddAcmeAsync("open", requiresBinding: false);
        var key = (await _host.Http.AdminAsync(_host.Admin, "POST /admin/acme/eab/elsewhere", new JsonObject { ["reference"] = "theirs" })).Json.GetProperty("id").GetString()!;

        foreach (var path in new[] { "web/key/none", "web/reference/none", $"web/key/{key}", "web/reference/theirs", "none/key/none" })
        {
            (await _host.Http.AdminAsync(_host.Admin, $"POST /admin/acme/policy/{path}", Fleet)).ShouldBe(HttpStatusCode.NotFound, "notFound");
        }

        (await _host.Http.AdminAsync(_host.Admin, "GET /admin/acme/policy/open/key/none")).Message.ShouldBe("ACME EAB not enabled for provisioner open");
        (await _host.Http.AdminAsync(_host.Admin, "GET /admin/acme/policy/ops/key/none")).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        (await _host.Http.SendAdminAsync($"GET /admin/acme/policy/elsewhere/key/{key}", token: null)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    /// <summary>Whoever may have any name there may become a super admin.</summary>
    [SkippableFact]
    public async Task AccountPolicy_AtASuperAdminsProvisioner_IsForSuperAdmins()
    {
        await AddAcmeAsync("web");
        var key = (await _host.Http.AdminAsync(_host.Super, "POST /admin/acme/eab/web", new JsonObject { ["reference"] = "staff" })).Json.GetProperty("id").GetString()!;
        (await _host.Http.AdminAsync(_host.Super, $"POST /admin/acme/policy/web/key/{key}", Fleet)).Status.ShouldBe(HttpStatusCode.Created);
        await _host.Administrators.AddAsync("root", "web", isSuper: true, "operator", default);

        (await _host.Http.AdminAsync(_host.Admin, $"DELETE /admin/acme/policy/web/key/{key}")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Admin, $"PUT /admin/acme/policy/web/key/{key}", Fleet)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Admin, $"GET /admin/acme/policy/web/key/{key}")).Status.ShouldBe(HttpStatusCode.OK);
        (await _host.Http.AdminAsync(_host.Super, $"DELETE /admin/acme/policy/web/key/{key}")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task AccountPolicy_OfTheOperator_IsReplacedByVersion()
    {
        await AddAcmeAsync("web");
        using var operators = _host.As(Roles.Admin);
        using var viewer = _host.As(Roles.Viewer);
        using var made = await operators.PostAsJsonAsync("/portal/provisioners/web/external-account-keys", new AddExternalAccountKeyRequest(), ContractsJson.Default.AddExternalAccountKeyRequest);
        var path = $"/portal/provisioners/web/external-account-keys/{(await made.Content.ReadFromJsonAsync(ContractsJson.Default.ExternalAccountCredentials))!.Id}/policy";
        var policy = new { x509 = new { deny = new { dns = new[] { "no.test" } } } };

        (await viewer.GetFromJsonAsync(path, ContractsJson.Default.AccountPolicyView))!.ShouldSatisfyAllConditions(none => none.Policy.ShouldBeNull(), none => none.Version.ShouldBe(0));
        (await PutAsync(operators, version: null)).ShouldBe(HttpStatusCode.OK);
        var read = (await viewer.GetFromJsonAsync(path, ContractsJson.Default.AccountPolicyView))!;
        (await PutAsync(viewer, read.Version)).ShouldBe(HttpStatusCode.Forbidden);
        (await PutAsync(operators, read.Version)).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(operators, read.Version)).ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PutAsync(operators, version: null)).ShouldBe(HttpStatusCode.PreconditionFailed, "there is one");
        using var refused = await operators.PutAsync(path, JsonContent.Create(new { x509 = new { permit = new { } } }));
        (await TestApp.ProblemOf(refused)).Detail.ShouldBe("The policy can't be used: permit of its policy is not supported.");
        (await operators.DeleteAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await operators.GetAsync("/portal/provisioners/web/external-account-keys/none/policy")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        async Task<HttpStatusCode> PutAsync(HttpClient client, long? version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(policy) };
            request.Headers.TryAddWithoutValidation(version is null ? "If-None-Match" : "If-Match", version is null ? "*" : $"\"{version}\"");
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    private async Task AddAcmeAsync(string name, bool requiresBinding = true)
    {
        var definition = new JsonObject { ["type"] = "ACME", ["name"] = name, ["requireEAB"] = requiresBinding };
        await _host.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), keyId: null, new ProvisionerChange("operator"), default);
        await _host.Ca.Module.Provisioners.ReloadAsync(default);
    }

    private static JsonObject Policy(string allow) => new() { ["x509"] = new JsonObject { ["allow"] = JsonNode.Parse(allow) } };
}
