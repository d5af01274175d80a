using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Access tokens of Azure's managed identities that buy certificates, and those that must not.</summary>
public sealed class AzureProvisionerTests(StepCaHost host) : IClassFixture<StepCaHost>, IAsyncLifetime
{
    private const string Issuer = $"https://sts.windows.net/{CloudTokens.Tenant}/";
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly CaHost _ca = host.Ca;
    private OidcServer _entra = null!;

    public async Task InitializeAsync()
    {
        _entra = await OidcServer.StartAsync(TimeProvider.System);
        _entra.Discovery = context => context.Response.WriteAsync(new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = _entra.Issuer + "/jwks" }.ToJsonString());
        await AddAsync();
    }

    public async Task DisposeAsync() => await _entra.DisposeAsync();

    [SkippableFact]
    public async Task Machine_FirstTimeOnly_GetsTheNamesOfItsRequest()
    {
        var certificate = (await _ca.SignAsync(Token("vm-1"), "api.test", "api.test", "192.0.2.7")).Certificate();

        certificate.Names.AllSans.ShouldBe(["api.test", "192.0.2.7"]);
        certificate.StepProvisioner.ShouldBe(new StepProvisionerExtension(5, "azure", CloudTokens.Tenant));
        await _ca.ShouldRefuseAsync(Token("vm-1"));
        await _ca.ShouldRefuseAsync(Token("VM-1"));
        (await _ca.SignAsync(Token("vm-2"), "api.test", "api.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task AssignedIdentity_Buys() =>
        (await _ca.SignAsync(
            Token("vm-1", claims => claims["xms_mirid"] = "/subscriptions/sub-2/resourcegroups/backend/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builders"), "a.test", "a.test"))
            .Status.ShouldBe(HttpStatusCode.Created);

    [SkippableFact]
    public async Task CustomNames_Disabled_MachineGetsItsOwnNameAndNoOther()
    {
        await AddAsync(definition => definition["disableCustomSANs"] = true);

        (await _ca.SignAsync(Token("vm-1"), "vm-1", "vm-1", "a.test")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.SignAsync(Token("vm-1"), "a.test", "vm-1")).Status.ShouldBe(HttpStatusCode.Forbidden);

        (await _ca.SignAsync(Token("vm-1"), "vm-1")).Certificate().Names.AllSans.ShouldBe(["vm-1"]);
    }

    [SkippableTheory]
    [InlineData("resourceGroups", "Backend", "accounting")]
    [InlineData("subscriptionIDs", null, "sub-2")]
    [InlineData("objectIDs", "66666666-7777-8888-9999-000000000000", "66666666-7777-8888-9999-000000000001")]
    public async Task Machine_OfAnotherGroupSubscriptionOrIdentity_IsRefused(string member, string? own, string other)
    {
        await AddAsync(definition => definition[member] = new JsonArray(other));
        await _ca.ShouldRefuseAsync(Token("vm-1"));

        await AddAsync(definition => definition[member] = new JsonArray(other, own ?? _id));
        (await _ca.SignAsync(Token("vm-1"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableTheory]
    [InlineData("tid", "00000000-84db-43f0-babd-e06a71083cda")]
    [InlineData("aud", "https://graph.microsoft.com/")]
    [InlineData("iss", "https://sts.windows.net/00000000-84db-43f0-babd-e06a71083cda/")]
    [InlineData("exp", 1_700_000_000L)]
    [InlineData("nbf", 4_000_000_000L)]
    [InlineData("xms_mirid", "/subscriptions/sub-1/resourcegroups/backend/providers/Microsoft.Web/sites/vm-1")]
    [InlineData("xms_mirid", "/subscriptions/sub-1/resourcegroups/backend/providers/Microsoft.Compute/virtualMachines/vm-1/x")]
    [InlineData("xms_mirid", "/x/subscriptions/sub-1/resourcegroups/backend/providers/Microsoft.Compute/virtualMachines/vm-1")]
    [InlineData("xms_mirid", "/subscriptions/sub-1/resourcegroups/backend/providers/MicrosoftxCompute/virtualMachines/vm-1")]
    public async Task Token_ThatIsNotForThisProvisionerNow_IsRefused(string claim, object value) =>
        await _ca.ShouldRefuseAsync(Token("vm-1", claims => claims[claim] = JsonValue.Create(value)));

    [SkippableFact]
    public async Task Token_OfAForeignKeyOrAMac_IsRefused()
    {
        using var foreign = OidcKey.Create("first");
        var claims = CloudTokens.Azure(Issuer, "vm-1");

        await _ca.ShouldRefuseAsync(Jwt.Sign(claims, foreign));
        await _ca.ShouldRefuseAsync(CloudTokens.Mac(claims, Encoding.UTF8.GetBytes(_entra.Keys[0].PublicKey.ToJson())));
    }

    /// <summary>The token's key is among them.</summary>
    [SkippableFact]
    public async Task Keys_OfTenMegabytes_AreNotRead()
    {
        const int Padding = 10 * 1024 * 1024;
        var taken = _entra.PadJwks(Padding);

        await _ca.ShouldRefuseAsync(Token("vm-1"));
        (await taken).ShouldBeLessThan(Padding);
    }

    [SkippableFact]
    public async Task TokensOfAnotherTenant_CostNoRequest()
    {
        for (var i = 0; i < 5; i++)
        {
            await _ca.ShouldRefuseAsync(Token("vm-1", claims => claims["tid"] = "other"));
        }

        _entra.DiscoveryRequests.ShouldBe(0);
    }

    private async Task AddAsync(Action<JsonObject>? change = null)
    {
        var definition = new JsonObject
        {
            ["type"] = "Azure",
            ["name"] = "azure",
            ["tenantID"] = CloudTokens.Tenant,
            ["configurationEndpoint"] = _entra.Issuer + "/.well-known/openid-configuration",
            ["roots"] = Convert.ToBase64String(await File.ReadAllBytesAsync(_entra.CaFile)),
        };
        change?.Invoke(definition);
        await _ca.AddAsync(definition);
    }

    private string Token(string machine, Action<JsonObject>? change = null)
    {
        var claims = CloudTokens.Azure(Issuer, machine);
        claims["xms_mirid"] = claims["xms_mirid"]!.ToString().Replace("/sub-1/", $"/{_id}/", StringComparison.Ordinal);
        change?.Invoke(claims);
        return Jwt.Sign(claims, _entra.Keys[0]);
    }
}
