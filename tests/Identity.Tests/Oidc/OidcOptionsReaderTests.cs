using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;
using Microsoft.Extensions.Configuration;

namespace IoTPlatform.Identity.Tests.Oidc;

public sealed class OidcOptionsReaderTests
{
    [Fact]
    public void Read_NothingSet_LocalAccounts()
    {
        var (options, errors) = Read([]);

        options.ShouldBeNull();
        errors.ShouldBeEmpty();
    }

    [Fact]
    public void Read_Local_IgnoresTheRest()
    {
        var (options, errors) = Read([("IOT_IDENTITY", "local"), ("IOT_OIDC_ISSUER", "nonsense")]);

        options.ShouldBeNull();
        errors.ShouldBeEmpty();
    }

    [Fact]
    public void Read_Keycloak_HasDefaults()
    {
        var (options, errors) = Read([("IOT_IDENTITY", "keycloak"), ("IOT_OIDC_ISSUER", "https://keycloak.example/realms/cdm")]);

        errors.ShouldBeEmpty();
        options.ShouldBe(new OidcOptions { Issuer = "https://keycloak.example/realms/cdm", Audience = "iot-bridge-api" });
        options!.DiscoveryUrl.AbsoluteUri.ShouldBe("https://keycloak.example/realms/cdm/.well-known/openid-configuration");
    }

    [Fact]
    public void Read_Loopback_MayBePlainHttp() =>
        Read([("IOT_IDENTITY", "keycloak"), ("IOT_OIDC_ISSUER", "http://127.0.0.1:8080/realms/cdm"), ("IOT_OIDC_BACKCHANNEL", "http://localhost:8080")]).Errors.ShouldBeEmpty();

    [Theory]
    [InlineData("IOT_IDENTITY", "ldap", "local or keycloak")]
    [InlineData("IOT_OIDC_ISSUER", "", "realm's https URL")]
    [InlineData("IOT_OIDC_ISSUER", "keycloak.example", "realm's https URL")]
    [InlineData("IOT_OIDC_ISSUER", "http://keycloak.example/realms/cdm", "realm's https URL")]
    [InlineData("IOT_OIDC_ISSUER", "https://user:word@keycloak.example/realms/cdm", "realm's https URL")]
    [InlineData("IOT_OIDC_ISSUER", "https://keycloak.example/realms/cdm?x=y", "realm's https URL")]
    [InlineData("IOT_OIDC_BACKCHANNEL", "http://keycloak:8080", "https URL")]
    [InlineData("IOT_OIDC_AUDIENCE", "two words", "no spaces")]
    [InlineData("IOT_OIDC_CA", "/nowhere/ca.pem", "cannot be read")]
    [InlineData("IOT_OIDC_CA", "/dev/null", "no root certificate")]
    public void Read_Error_NamesTheSettingAndTheReason(string name, string value, string reason)
    {
        var settings = new Dictionary<string, string> { ["IOT_IDENTITY"] = "keycloak", ["IOT_OIDC_ISSUER"] = "https://keycloak.example/realms/cdm", [name] = value };

        var (_, errors) = Read([.. settings.Select(s => (s.Key, s.Value))]);

        errors.Single().ShouldStartWith(name + ":");
        errors.Single().ShouldContain(reason);
    }

    private static (OidcOptions? Options, IReadOnlyList<string> Errors) Read((string Name, string Value)[] settings)
    {
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create<string, string?>(s.Name, s.Value))).Build());
        return (OidcOptionsReader.Read(reader), reader.Errors);
    }
}
