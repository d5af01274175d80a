using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
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

    private static JsonObject Policy(string allow) => new() { ["x509"] = new JsonObject { ["allow"] = JsonNode.Parse(allow) } };
}
