using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>A JWK provisioner with options, and who has its key.</summary>
internal sealed class TemplateOwner : IDisposable
{
    private readonly string _name;
    private readonly JsonWebKey _key;
    private readonly EcSignatureKey _signer;

    public TemplateOwner(string name)
    {
        _name = name;
        var key = StepCaCalls.NewKey();
        _key = JsonWebKey.FromPrivateKey(key);
        _key.KeyId = _key.Thumbprint();
        _signer = new EcSignatureKey(key, _key.KeyId);
    }

    public string Name => _name;

    public JsonObject Definition(JsonObject options) => new() { ["type"] = "JWK", ["name"] = _name, ["key"] = JsonNode.Parse(_key.ToPublic().ToJson()), ["options"] = options };

    public async Task SaveAsync(CaHost ca, JsonObject definition)
    {
        await ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), _key.KeyId, new ProvisionerChange("admin"), default);
        await ca.Module.Provisioners.ReloadAsync(default);
        ca.Module.Provisioners.Stored.Single(stored => stored.Name == _name).Disabled.ShouldBeNull();
    }

    public string Token(CaHost ca, string subject, params string[] sans)
    {
        var claims = ca.Claims(subject, "sign", sans);
        claims["iss"] = _name;
        return Sign(claims);
    }

    public string Sign(JsonObject claims) => Jwt.Sign(claims, _signer);

    public void Dispose() => _signer.Dispose();
}
