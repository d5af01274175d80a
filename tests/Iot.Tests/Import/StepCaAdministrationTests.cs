using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot.Tests.Import;

/// <summary>Remote management's rows in step-ca's database: what they become, and that none which may restrict is passed over.</summary>
public sealed class StepCaAdministrationTests
{
    private const string Authority = "00000000-0000-0000-0000-000000000000";
    private const string Live = "0001-01-01T00:00:00Z";
    private static readonly JsonObject Configuration = new() { ["enableAdmin"] = true };

    [Fact]
    public async Task Read_LeavesOut_WhatWasRemovedOrIsAnotherAuthoritys()
    {
        await using var tables = new Tables(
            ("provisioners", Provisioner("p1", "web", """{"ACME":{"force_cn":true}}""")), ("provisioners", Provisioner("p2", "gone", """{"ACME":{}}""", deleted: "2026-01-02T00:00:00Z")),
            ("provisioners", Provisioner("p3", "foreign", """{"ACME":{}}""", authority: "another")),
            ("admins", Admin("a1", 2)), ("admins", Admin("a2", 1, deleted: "2026-01-02T00:00:00Z")),
            ("authority_policies", """{"id":"00000000-0000-0000-0000-000000000000","authorityID":"00000000-0000-0000-0000-000000000000","policy":{"x509":{"allow":{"dns":["*.test"]}}}}"""));

        var administration = await StepCaAdministration.ReadAsync(tables, Configuration, CancellationToken.None);

        var provisioner = administration.Provisioners.ShouldHaveSingleItem();
        (provisioner.Id, provisioner.Name).ShouldBe(("p1", "web"));
        provisioner.Linked.ToJsonString().ShouldBe("""{"type":6,"name":"web","claims":{"x509":{"enabled":true}},"details":{"ACME":{"force_cn":true}},"x509Template":null}""");
        administration.Admins.ShouldBe([new StepCaAdmin("a1", "p1", IsSuper: true)]);
        administration.Policy!.ToJsonString().ShouldBe("""{"x509":{"allow":{"dns":["*.test"]}}}""");
        (await StepCaAdministration.ReadAsync(tables, new JsonObject { ["authorityId"] = "another" }, CancellationToken.None)).Provisioners.ShouldHaveSingleItem().Name.ShouldBe("foreign");
    }

    [Fact]
    public void Provisioner_WithWebhooks_HasTheirSecretsAndNames()
    {
        var row = JsonNode.Parse(Provisioner("p1", "pods", """{"K8SSA":{"public_keys":["eA=="]}}"""))!.AsObject();
        row["webhooks"] = JsonNode.Parse("""[{"name":"cmdb","id":"w1","url":"https://cmdb.test/","kind":"ENRICHING","secret":"c2VjcmV0","disableTLSClientAuth":true,"bearerToken":"token","certType":"X509"}]""");

        var linked = StepCaAdministration.ProvisionerOf(row).Linked;

        linked["details"]!.ToJsonString().ShouldBe("""{"K8sSA":{"public_keys":["eA=="]}}""");
        linked["webhooks"]!.ToJsonString().ShouldBe("""[{"name":"cmdb","id":"w1","url":"https://cmdb.test/","kind":"ENRICHING","secret":"c2VjcmV0","disableTlsClientAuth":true,"bearerToken":{"bearerToken":"token"},"certType":"X509"}]""");
    }

    [Theory]
    [InlineData("provisioners", "")]
    [InlineData("provisioners", "[]")]
    [InlineData("provisioners", """{"id":"x"}""")]
    [InlineData("provisioners", """{"id":"x","authorityID":"00000000-0000-0000-0000-000000000000","name":"\ud800","details":"e30="}""")]
    [InlineData("provisioners", """{"id":"x","authorityID":"00000000-0000-0000-0000-000000000000","name":"web","details":"%"}""")]
    [InlineData("provisioners", """{"id":"x","authorityID":"00000000-0000-0000-0000-000000000000","name":"web","name":"web","details":"e30="}""")]
    [InlineData("admins", """{"id":"x","authorityID":"00000000-0000-0000-0000-000000000000","subject":"a","provisionerID":"p","type":3}""")]
    [InlineData("admins", """{"id":"x","authorityID":"00000000-0000-0000-0000-000000000000","subject":"a","provisionerID":"p","type":"2"}""")]
    [InlineData("authority_policies", """{"id":"x","authorityID":"00000000-0000-0000-0000-000000000000","policy":["deny"]}""")]
    public async Task Read_OfARowThatCantBeRead_IsRefused(string table, string row)
    {
        await using var tables = new Tables((table, row));

        (await Should.ThrowAsync<CliException>(() => StepCaAdministration.ReadAsync(tables, Configuration, CancellationToken.None))).Code.ShouldBe("step_ca_database");
    }

    [Theory]
    [InlineData("""{"enableAdmin":true}""", true)]
    [InlineData("""{"enableAdmin":false}""", false)]
    [InlineData("""{"enableAdmin":"true"}""", false)]
    [InlineData("{}", false)]
    public void IsOf_SaysWhoseProvisionersAreServed(string authority, bool expected) => StepCaAdministration.IsOf(JsonNode.Parse(authority)!.AsObject()).ShouldBe(expected);

    [Theory]
    [InlineData("""{"provisioners":[{}],"claims":{"x":1},"policy":{"x":1},"enableAdmin":true,"authorityId":"a","template":{},"backdate":"1m0s","disableIssuedAtCheck":false,"type":""}""", "")]
    [InlineData("""{"template":{"country":"DE"},"backdate":"5m","disableIssuedAtCheck":true,"type":"cloudCAS","templates":["a"]}""", "template,backdate,disableIssuedAtCheck,type,templates")]
    public void Setting_OfTheAuthority_ThatHoldsNothingHere_IsNamed(string authority, string expected) =>
        string.Join(',', ProvisionerImport.Unsupported(JsonNode.Parse(authority)!.AsObject())).ShouldBe(expected);

    /// <summary>Of a provisioner that only has the name, step-ca's admins are none here.</summary>
    [Theory]
    [InlineData("""{"type":"JWK","name":"a","key":{"kid":"1"},"claims":{"x":1},"policy":{},"options":{"issuer":"old"}}""", true)]
    [InlineData("""{"type":"JWK","name":"a","key":{"kid":"2"}}""", false)]
    [InlineData("""{"type":"X5C","name":"a","roots":"eA=="}""", false)]
    [InlineData("null", false)]
    public void Holders_OfAProvisionerHere_AreComparedByItsCredentials(string here, bool expected) =>
        ProvisionerImport.HasTheSameHolders(JsonNode.Parse(here), JsonNode.Parse("""{"type":"JWK","name":"a","key":{"kid":"1"}}""")!.AsObject()).ShouldBe(expected);

    private static string Provisioner(string id, string name, string details, string authority = Authority, string deleted = Live) => new JsonObject
    {
        ["id"] = id,
        ["authorityID"] = authority,
        ["type"] = 6,
        ["name"] = name,
        ["claims"] = new JsonObject { ["x509"] = new JsonObject { ["enabled"] = true } },
        ["details"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(details)),
        ["x509Template"] = null,
        ["createdAt"] = "2026-01-01T00:00:00Z",
        ["deletedAt"] = deleted,
    }.ToJsonString();

    private static string Admin(string id, int type, string deleted = Live) =>
        new JsonObject { ["id"] = id, ["authorityID"] = Authority, ["provisionerID"] = "p1", ["subject"] = id, ["type"] = type, ["deletedAt"] = deleted }.ToJsonString();

    /// <summary>Rows as step-ca keeps them: by their ids.</summary>
    private sealed class Tables(params (string Table, string Row)[] rows) : IStepCaTables
    {
        public async IAsyncEnumerable<StepCaRow> ReadAsync(StepCaTable table, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var (_, row) in rows.Where(row => row.Table == table.Name))
            {
                yield return await Task.FromResult(new StepCaRow(Encoding.ASCII.GetBytes(IdOf(row)), Encoding.UTF8.GetBytes(row)));
            }
        }

        public Task<IReadOnlyList<byte[]?>> FindAsync(StepCaTable table, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static string IdOf(string row) => row.Split("\"id\":\"") is [_, var rest, ..] ? rest[..rest.IndexOf('"', StringComparison.Ordinal)] : "x";
    }
}
