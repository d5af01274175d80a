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

/// <summary>Administrators by both APIs, and what those who are not super do not get to.</summary>
public sealed class AdministratorTests : IAsyncLifetime
{
    private readonly AdminHost _host = new();

    public Task InitializeAsync() => _host.InitializeAsync();

    public Task DisposeAsync() => _host.DisposeAsync();

    [SkippableFact]
    public async Task Administrators_AddedChangedAndRemoved_AreAudited()
    {
        var added = await _host.Http.AdminAsync(_host.Super, "POST /admin/admins", new JsonObject { ["subject"] = "carl", ["provisioner"] = "ops", ["type"] = 1 });
        added.Status.ShouldBe(HttpStatusCode.Created, added.Body);
        added.Json.GetProperty("type").GetString().ShouldBe("ADMIN");
        var id = added.Json.GetProperty("id").GetString()!;

        (await _host.Http.AdminAsync(_host.Admin, $"GET /admin/admins/{id}")).Json.GetProperty("subject").GetString().ShouldBe("carl");
        (await _host.Http.AdminAsync(_host.Super, $"PATCH /admin/admins/{id}", new JsonObject { ["type"] = 2 })).Json.GetProperty("type").GetString().ShouldBe("SUPER_ADMIN");
        var list = (await _host.Http.AdminAsync(_host.Admin, "GET /admin/admins?limit=100")).Json;
        list.GetProperty("admins").EnumerateArray().Single(one => one.GetProperty("id").GetString() == id).GetProperty("type").GetInt32().ShouldBe(2);
        (await _host.Http.AdminAsync(_host.Super, $"DELETE /admin/admins/{id}")).Body.Trim().ShouldBe("""{"status":"ok"}""");

        (await _host.Ca.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'carl'")).ShouldBe(
            "admin.created ops:step, admin.changed ops:step, admin.removed ops:step");
    }

    [SkippableFact]
    public async Task Administrator_NamedChangedAndRemovedByAnotherProcess_CountsHereWithTheNextRequest()
    {
        var elsewhere = new AdministratorStore(_host.Ca.Database.DataSource, TimeProvider.System);
        using var carl = await _host.CertificateAsync("carl");
        (await ListAsync()).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");

        var added = await elsewhere.AddAsync("carl", "ops", isSuper: false, "operator", default);
        (await ListAsync()).Status.ShouldBe(HttpStatusCode.OK);
        (await AddAsync("dora")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        await elsewhere.ChangeAsync(added.Id, isSuper: true, "operator", default);
        (await AddAsync("dora")).Status.ShouldBe(HttpStatusCode.Created);
        await elsewhere.RemoveAsync(added.Id, mayCloseApi: true, "operator", default);
        (await ListAsync()).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");

        Task<StepCaReply> ListAsync() => _host.Http.AdminAsync(carl, "GET /admin/admins");
        Task<StepCaReply> AddAsync(string name) => _host.Http.AdminAsync(carl, "POST /admin/admins", new JsonObject { ["subject"] = name, ["provisioner"] = "ops", ["type"] = 1 });
    }

    [SkippableFact]
    public async Task List_IsCutIntoPages()
    {
        var first = (await _host.Http.AdminAsync(_host.Super, "GET /admin/admins?limit=1")).Json;
        var second = (await _host.Http.AdminAsync(_host.Super, $"GET /admin/admins?limit=1&cursor={first.GetProperty("nextCursor").GetString()}")).Json;

        new[] { first, second }.Select(page => page.GetProperty("admins").EnumerateArray().Single().GetProperty("subject").GetString()!).Order(StringComparer.Ordinal).ShouldBe(["anna@example.com", "step"]);
        second.GetProperty("nextCursor").GetString().ShouldBe("");
        (await _host.Http.AdminAsync(_host.Super, "GET /admin/admins?limit=x")).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
    }

    [SkippableFact]
    public async Task LastSuperAdmin_IsNeitherRemovedNorDemoted()
    {
        var id = await _host.IdOfAsync("step");

        (await _host.Http.AdminAsync(_host.Super, $"DELETE /admin/admins/{id}")).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        (await _host.Http.AdminAsync(_host.Super, $"PATCH /admin/admins/{id}", new JsonObject { ["type"] = "ADMIN" })).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        (await _host.Http.AdminAsync(_host.Super, "DELETE /admin/provisioners/ops")).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        using var operators = _host.As(Roles.Admin);
        (await operators.DeleteAsync($"/portal/administrators/{id}")).StatusCode.ShouldBe(HttpStatusCode.Conflict, "another administrator is left");
        (await operators.DeleteAsync("/portal/provisioners/ops")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await operators.PatchAsJsonAsync($"/portal/administrators/{id}", new ChangeAdministratorRequest(), ContractsJson.Default.ChangeAdministratorRequest)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    /// <summary>Two who demote each other at once must not both succeed.</summary>
    [SkippableFact]
    public async Task SuperAdmins_RemovedAllAtOnce_OneStays()
    {
        for (var i = 0; i < 7; i++)
        {
            await _host.Administrators.AddAsync($"super-{i}", "ops", isSuper: true, "operator", default);
        }

        var supers = (await _host.Administrators.ListAsync(default)).Where(one => one.IsSuper).ToList();
        var outcomes = await Task.WhenAll(supers.Select(one => Task.Run(() => _host.Administrators.RemoveAsync(one.Id, mayCloseApi: true, "operator", default)).ContinueWith(task => task.IsCompletedSuccessfully, TaskScheduler.Default)));

        outcomes.Count(removed => removed).ShouldBe(supers.Count - 1);
        (await _host.Administrators.ListAsync(default)).Count(one => one.IsSuper).ShouldBe(1);
    }

    [SkippableFact]
    public async Task LastOfAll_IsTheOperatorsToRemove_AndClosesTheApi()
    {
        using var operators = _host.As(Roles.Admin);
        (await operators.DeleteAsync($"/portal/administrators/{await _host.IdOfAsync("anna@example.com")}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await _host.Http.AdminAsync(_host.Super, $"DELETE /admin/admins/{await _host.IdOfAsync("step")}")).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        (await operators.DeleteAsync($"/portal/administrators/{await _host.IdOfAsync("step")}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await _host.Http.AdminAsync(_host.Super, "GET /admin/provisioners")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Admin_WhoIsNotSuper_ChangesNoAdministrators()
    {
        var id = await _host.IdOfAsync("anna@example.com");
        foreach (var (call, body) in new (string, JsonObject?)[]
        {
            ("POST /admin/admins", new JsonObject { ["subject"] = "mallory", ["provisioner"] = "ops", ["type"] = 2 }),
            ($"PATCH /admin/admins/{id}", new JsonObject { ["type"] = 2 }),
            ($"DELETE /admin/admins/{await _host.IdOfAsync("step")}", null),
        })
        {
            var reply = await _host.Http.AdminAsync(_host.Admin, call, body);
            reply.ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
            reply.Message.ShouldBe("must have super admin access to make this request");
        }
    }

    /// <summary>With another key of the super admins' provisioner, everybody is a super admin; and with its removal its administrators go.</summary>
    [SkippableFact]
    public async Task Admin_WhoIsNotSuper_ChangesNoProvisionerThatMakesSuperAdmins()
    {
        var shown = JsonNode.Parse((await _host.Http.AdminAsync(_host.Admin, "GET /admin/provisioners/ops")).Body)!.AsObject();
        var (mallorys, key) = AdminCalls.Jwk("ops");
        using var owned = key;
        shown["details"] = mallorys["details"]!.DeepClone();
        using var second = await _host.AddProvisionerAsync("second");
        await _host.Administrators.AddAsync("step", "second", isSuper: true, "operator", default);

        (await _host.Http.AdminAsync(_host.Admin, "PUT /admin/provisioners/ops", shown)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Admin, "DELETE /admin/provisioners/ops")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Admin, "POST /admin/provisioners/ops/policy", new JsonObject())).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Super, "DELETE /admin/provisioners/ops")).Status.ShouldBe(HttpStatusCode.OK, "a super admin may, while there is another");
    }

    /// <summary>With an account there, one of its names may be had, and with it the super admin's rights.</summary>
    [SkippableFact]
    public async Task Admin_WhoIsNotSuper_HasNoAccountKeysOfAProvisionerThatMakesSuperAdmins()
    {
        await _host.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse("""{"type":"ACME","name":"ops-acme","requireEAB":true}"""), keyId: null, new ProvisionerChange("operator"), default);
        await _host.Ca.Module.Provisioners.ReloadAsync(default);
        var made = await _host.Http.AdminAsync(_host.Admin, "POST /admin/acme/eab/ops-acme", new JsonObject());
        made.Status.ShouldBe(HttpStatusCode.Created, "it makes no super admin yet");
        await _host.Administrators.AddAsync("ops.example.com", "ops-acme", isSuper: true, "operator", default);

        (await _host.Http.AdminAsync(_host.Admin, "POST /admin/acme/eab/ops-acme", new JsonObject())).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Admin, $"DELETE /admin/acme/eab/ops-acme/{made.Json.GetProperty("id").GetString()}")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await _host.Http.AdminAsync(_host.Super, "POST /admin/acme/eab/ops-acme", new JsonObject())).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableTheory]
    [InlineData("""{"subject":"","provisioner":"ops","type":1}""", 400)]
    [InlineData("""{"subject":"a","type":1}""", 400)]
    [InlineData("""{"subject":"a","provisioner":"ops"}""", 400)]
    [InlineData("""{"subject":"a","provisioner":"ops","type":3}""", 400)]
    [InlineData("""{"subject":"a","provisioner":"ops","type":1,"type":2}""", 400)]
    [InlineData("""{"subject":"a","provisioner":"ops","type":1,"id":"mine"}""", 400)]
    [InlineData("""{"subject":"step","provisioner":"ops","type":1}""", 400)]
    [InlineData("""{"subject":"a","provisioner":"none","type":1}""", 404)]
    [InlineData("""{"subject":"a\u0000","provisioner":"ops","type":1}""", 400)]
    [InlineData("[]", 400)]
    public async Task Administrator_ThatCantBe_IsRefused(string body, int status)
    {
        var token = AdminCalls.Token(AdminCalls.Claims(_host.Ca.Url, "/admin/admins", "step"), _host.Super);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/admins") { Content = new StringContent(body) };
        request.Headers.TryAddWithoutValidation("Authorization", token);

        using var response = await _host.Http.SendAsync(request);

        ((int)response.StatusCode).ShouldBe(status, await response.Content.ReadAsStringAsync());
        (await _host.Administrators.ListAsync(default)).Count.ShouldBe(2);
    }

    [SkippableTheory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task Change_ByOthersThanAdministratorsOfTheStack_IsRefused(string role)
    {
        using var client = _host.As(role);

        (await client.PostAsJsonAsync("/portal/administrators", new AddAdministratorRequest { Subject = "a", Provisioner = "ops", Super = true }, ContractsJson.Default.AddAdministratorRequest)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await client.DeleteAsync($"/portal/administrators/{await _host.IdOfAsync("step")}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await client.PutAsync("/portal/authority-policy", JsonContent.Create(new { }))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await AdminHost.ListAsync(client))!.Items.Count.ShouldBe(2);
    }
}
