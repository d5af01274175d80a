using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Templates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Inventories;

/// <summary>Inventories as the API keeps them, and as they decide who gets a certificate and what is in it.</summary>
public sealed class InventoryTests(StepCaHost host) : IClassFixture<StepCaHost>, IDisposable
{
    private const string Template = """
        {"subject":{"commonName":{{ toJson .Subject.CommonName }},"organizationalUnit":{{ toJson .Inventory.workload }}},
         "dnsNames":{{ toJson .Inventory.hosts }},"keyUsage":["digitalSignature"],"extKeyUsage":["clientAuth"]}
        """;

    private readonly CaHost _ca = host.Ca;
    private readonly string _name = "machines-" + Guid.NewGuid().ToString("N")[..8];
    private readonly TemplateOwner _owner = new("devices " + Guid.NewGuid());

    public void Dispose() => _owner.Dispose();

    [SkippableFact]
    public async Task Entry_SaysWhatTheCertificateContains()
    {
        await ImportAsync("""[{"key":"SN-1","data":{"workload":"pump","hosts":["pump-1.plant.test","pump-1.test"]}}]""");
        await SaveAsync(Template);

        using var certificate = (await SignAsync("SN-1")).Certificate;

        certificate.Subject.ShouldContain("OU=pump");
        ParsedCertificate.Parse(certificate.RawDataMemory).Names.AllSans.ShouldBe(["pump-1.plant.test", "pump-1.test"]);
    }

    [SkippableTheory]
    [InlineData("SN-2")]
    [InlineData("sn-1")]
    [InlineData("SN-1%")]
    public async Task Credential_ThatIsNotThere_BuysNothingAndCostsNoToken(string subject)
    {
        await ImportAsync("""[{"key":"SN-1"}]""");
        await SaveAsync();
        var token = _owner.Token(_ca, subject, "a.test");

        (await SignAsync(subject, token)).ShouldBeRefusedBecause(403, $"The request was forbidden by the certificate authority: the inventory {_name} does not vouch for the credential");

        await ImportAsync("""[{"key":"SN-2"},{"key":"sn-1"},{"key":"SN-1%"}]""");
        (await SignAsync(subject, token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    /// <summary>The administrator's data is no way around what nobody may be called.</summary>
    [SkippableFact]
    public async Task Entry_WithANameThatIsAnIdentity_IsRefused()
    {
        await ImportAsync("""[{"key":"SN-1","data":{"workload":"x","hosts":["acme-mqtt-bridge"]}}]""");
        await SaveAsync(Template);

        (await SignAsync("SN-1")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>What the caller sends, and what the provisioner's own data says, does not take the entry's place.</summary>
    [SkippableFact]
    public async Task Template_GetsTheEntryWhateverElseIsCalledLikeIt()
    {
        await ImportAsync("""[{"key":"SN-1","data":{"workload":"pump","hosts":["pump.test"]}}]""");
        await SaveAsync(Template, """{"Inventory":{"workload":"root","hosts":["root.test"]}}""");

        using var certificate = (await SignAsync("SN-1", more: ("templateData", """{"Inventory":{"hosts":["evil.test"]}}"""))).Certificate;

        ParsedCertificate.Parse(certificate.RawDataMemory).Names.AllSans.ShouldBe(["pump.test"]);
    }

    [SkippableFact]
    public async Task Renewal_EndsWithTheEntry()
    {
        await ImportAsync("""[{"key":"SN-1","data":{"workload":"pump","hosts":["pump.test"]}}]""");
        await SaveAsync(Template);
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        using var issued = (await client.SignAsync(StepCaCalls.Csr(key, "SN-1"), _owner.Token(_ca, "SN-1"))).Certificate;
        using var holder = _ca.Client(issued.CopyWithPrivateKey(key));

        using var renewed = (await holder.SendAsync("/1.0/renew", "")).Certificate;
        using var next = _ca.Client(renewed.CopyWithPrivateKey(key));
        using var admin = _ca.As("ada", Roles.Admin);
        (await admin.DeleteAsync($"/portal/inventories/{_name}/entries?key=SN-1")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        foreach (var connection in new[] { holder, next })
        {
            (await connection.SendAsync("/1.0/renew", "")).ShouldBeRefusedBecause(403, "The request was forbidden by the certificate authority: the inventory");
        }

        await ImportAsync("""[{"key":"SN-1"}]""");
        (await next.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
    }

    /// <summary>What was issued before there was an inventory is of none of its entries.</summary>
    [SkippableFact]
    public async Task Renewal_OfACertificateFromBefore_IsRefused()
    {
        await ImportAsync("""[{"key":"SN-1"}]""");
        await _owner.SaveAsync(_ca, _owner.Definition([]));
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        using var issued = (await client.SignAsync(StepCaCalls.Csr(key, "SN-1"), _owner.Token(_ca, "SN-1"))).Certificate;
        using var holder = _ca.Client(issued.CopyWithPrivateKey(key));
        await SaveAsync();

        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Import_AddsChangesAndReplaces_AndIsAudited()
    {
        (await ImportAsync("""[{"key":"a","data":{"x":1}},{"key":"b"}]""")).ShouldBe((2, 0, 0, 2));
        (await ImportAsync("""[{"key":"a","data":{"x":1}},{"key":"b"}]""")).ShouldBe((0, 0, 0, 2), "a retry changes nothing");
        (await ImportAsync("key,x\na,2\nc,3\n", csv: true)).ShouldBe((1, 1, 0, 3));
        (await ImportAsync("""[{"key":"c","data":{"x":"3"}},{"key":"d"}]""", replace: true)).ShouldBe((1, 0, 2, 2));
        using var admin = _ca.As("ada", Roles.Admin);

        var first = await ReadAsync<Page<InventoryEntryView>>(admin, $"/portal/inventories/{_name}/entries?limit=1");
        var second = await ReadAsync<Page<InventoryEntryView>>(admin, $"/portal/inventories/{_name}/entries?limit=1&cursor={first.NextCursor}");

        (first.Items.Single().Key, first.Items.Single().Data.GetRawText(), second.Items.Single().Key, second.NextCursor).ShouldBe(("c", """{"x":"3"}""", "d", null));
        (await ReadAsync<Page<InventoryEntryView>>(admin, $"/portal/inventories/{_name}/entries?key=d")).Items.Single().Key.ShouldBe("d");
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || actor || ' ' || details, '; ' ORDER BY sequence) FROM audit.entries WHERE subject = $1", _name)).ShouldBe(
            """inventory.created ada {"added":2,"changed":0,"removed":0,"entries":2}; inventory.changed ada {"added":1,"changed":1,"removed":0,"entries":3}; inventory.changed ada {"added":1,"changed":0,"removed":2,"entries":2}""");
    }

    [SkippableFact]
    public async Task Inventory_InUse_StaysAndOneThatIsNotThere_IsNotTaken()
    {
        await ImportAsync("""[{"key":"SN-1"}]""");
        await SaveAsync();
        using var admin = _ca.As("ada", Roles.Admin);

        (await Should.ThrowAsync<ProblemException>(() => _owner.SaveAsync(_ca, _owner.Definition(new JsonObject { ["inventory"] = "nowhere" })))).Code.ShouldBe("invalid_provisioner");
        (await admin.DeleteAsync($"/portal/inventories/{_name}")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await ReadAsync<InventoryList>(admin, "/portal/inventories")).Items.Single(one => one.Name == _name).Provisioners.ShouldBe([_owner.Name]);
        await _owner.SaveAsync(_ca, _owner.Definition([]));
        (await admin.DeleteAsync($"/portal/inventories/{_name}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await admin.DeleteAsync($"/portal/inventories/{_name}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await admin.GetAsync($"/portal/inventories/{_name}/entries")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>Whoever takes rows away behind the authority's back opens nothing.</summary>
    [SkippableFact]
    public async Task Inventory_ThatIsGone_HasNobody()
    {
        await ImportAsync("""[{"key":"SN-1"}]""");
        await SaveAsync();
        await _ca.Database.ExecuteAsync("DELETE FROM ca.inventories WHERE name = $1", _name);

        (await SignAsync("SN-1")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableTheory]
    [InlineData("application/json", "[]", "a b", 422)]
    [InlineData("application/json", "[]", "%E2%80%AE", 422)]
    [InlineData("application/json", "{}", "list", 422)]
    [InlineData("text/csv", "[]", "list", 422)]
    [InlineData("text/csv", "key\n\u00ff", "bytes", 422)]
    public async Task Import_ThatIsNotUnderstood_IsRefused(string type, string body, string name, int status)
    {
        using var admin = _ca.As("ada", Roles.Admin);
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

        ((int)(await admin.PostAsync($"/portal/inventories/{name}", content)).StatusCode).ShouldBe(status);
    }

    [SkippableFact]
    public async Task Entries_AreForAdministratorsAlone()
    {
        await ImportAsync("""[{"key":"SN-1","data":{"pin":"1234"}}]""");
        using var viewer = _ca.As("vera", Roles.Viewer);
        using var nobody = _ca.Client();

        (await ReadAsync<InventoryList>(viewer, "/portal/inventories")).Items.ShouldContain(one => one.Name == _name && one.Entries == 1);
        (await viewer.GetAsync($"/portal/inventories/{_name}/entries")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await viewer.PostAsync($"/portal/inventories/{_name}", new StringContent("[]", Encoding.UTF8, "application/json"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await viewer.DeleteAsync($"/portal/inventories/{_name}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await nobody.GetAsync("/portal/inventories")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private Task SaveAsync(string? template = null, string data = "{}")
    {
        var options = new JsonObject { ["inventory"] = _name };
        if (template is not null)
        {
            options["x509"] = new JsonObject { ["template"] = template, ["templateData"] = JsonNode.Parse(data) };
        }

        return _owner.SaveAsync(_ca, _owner.Definition(options));
    }

    private async Task<StepCaReply> SignAsync(string subject, string? token = null, params (string Name, string Value)[] more)
    {
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        return await client.SignAsync(StepCaCalls.Csr(key, null), token ?? _owner.Token(_ca, subject, "a.test"), more);
    }

    private async Task<(int Added, int Changed, int Removed, int Entries)> ImportAsync(string file, bool csv = false, bool replace = false)
    {
        using var admin = _ca.As("ada", Roles.Admin);
        using var content = new StringContent(file, Encoding.UTF8, csv ? "text/csv" : "application/json");
        using var response = await admin.PostAsync($"/portal/inventories/{_name}?replace={(replace ? "true" : "false")}", content);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        var change = System.Text.Json.JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), ContractsJson.Default.InventoryChange)!;
        return (change.Added, change.Changed, change.Removed, change.Entries);
    }

    private static async Task<T> ReadAsync<T>(HttpClient client, string path)
    {
        var reply = await client.ReadAsync(path);
        reply.Status.ShouldBe(HttpStatusCode.OK, reply.Body);
        return (T)System.Text.Json.JsonSerializer.Deserialize(reply.Body, ContractsJson.Default.GetTypeInfo(typeof(T))!)!;
    }
}
