using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Provisioners;
using IoTPlatform.Jose;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>The same templates, tokens and requests to the real step-ca and to this authority; what the certificates say is compared.</summary>
public sealed class StepCaTemplateTests(StepCaTemplateTests.Peers peers) : IClassFixture<StepCaTemplateTests.Peers>
{
    private const int AtOnce = 16;

    /// <summary>Key identifiers and the provisioner's name are each authority's own.</summary>
    private static readonly string[] Own = ["2.5.29.14", "2.5.29.35", "1.3.6.1.4.1.37476.9000.64.1"];

    [SkippableFact]
    public async Task Templates_OfTheCorpus_GiveTheSameCertificates()
    {
        var differences = new List<string>();
        foreach (var one in TemplateCorpus.Cases)
        {
            var (theirs, ours) = await peers.SignAsync(one);
            var expected = (one.IsRefused ? "refused" : "issued", one.IsRefused || one.IsRefusedHere ? "refused" : "issued");
            var seen = (theirs.Certificate is null ? "refused" : "issued", ours.Certificate is null ? "refused" : "issued");
            if (seen != expected)
            {
                differences.Add($"{one}: {seen}, not {expected}: {theirs.Body} {ours.Body}");
            }
            else if (theirs.Certificate is { } their && ours.Certificate is { } our && Contents(their) != Contents(our))
            {
                differences.Add($"{one}:\n{Contents(their)}\n--\n{Contents(our)}");
            }
        }

        differences.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Expressions_OfTheCorpus_HaveTheSameResults()
    {
        var differences = new List<string>();
        foreach (var (some, one) in Evaluated)
        {
            var (theirs, ours) = await peers.SignAsync(one);
            differences.AddRange(theirs.Certificate is { } their && ours.Certificate is { } our
                ? some.Zip(Results(their).Zip(Results(our))).Where(pair => pair.Second.First != pair.Second.Second).Select(pair => $"{pair.First}: {pair.Second.First} | {pair.Second.Second}")
                : [$"{string.Join(", ", some)}: {theirs.Body} {ours.Body}"]);
        }

        differences.ShouldBeEmpty();
    }

    internal static TemplateCase Of(IReadOnlyList<string> expressions) => new(
        "expressions " + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(expressions))))[..8],
        "{\"subject\":{{ toJson .Subject }},\"sans\":{{ toJson .SANs }},\"extensions\":[{\"id\":\"1.3.6.1.4.1.99999.1\",\"value\":{{ list "
        + string.Concat(expressions.Select(expression => $"(printf \"%v\" ({expression})) ")) + "| toJson | b64enc | toJson }}}]}");

    private static IEnumerable<(IReadOnlyList<string> Expressions, TemplateCase Case)> Evaluated =>
    [
        .. TemplateCorpus.Expressions.Chunk(AtOnce).Select(some => (some, Of(some))),
        (TemplateCorpus.CredentialExpressions, Of(TemplateCorpus.CredentialExpressions) with { Name = "x5c-expressions", IsX5c = true }),
    ];

    internal static IEnumerable<TemplateCase> All => TemplateCorpus.Cases.Concat(Evaluated.Select(one => one.Case));

    private static IEnumerable<string> Results(X509Certificate2 certificate) =>
        JsonSerializer.Deserialize<string[]>(certificate.Extensions.Single(extension => extension.Oid!.Value == "1.3.6.1.4.1.99999.1").RawData)!;

    private static string Contents(X509Certificate2 certificate) => string.Join(
        '\n',
        SubjectAttributes.Read(certificate.SubjectName.RawData).Select(attribute => $"{attribute.Oid}={attribute.Value}")
            .Concat(certificate.Extensions.Where(extension => !Own.Contains(extension.Oid!.Value)).OrderBy(extension => extension.Oid!.Value, StringComparer.Ordinal)
                .Select(extension => $"{extension.Oid!.Value}{(extension.Critical ? " critical" : "")} {Convert.ToHexString(extension.RawData)}")));

    public sealed record Reply(X509Certificate2? Certificate, string Body);

    /// <summary>Both authorities, with a provisioner of its own key for each template.</summary>
    public sealed class Peers : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();
        private readonly Dictionary<string, EcSignatureKey> _keys = new(StringComparer.Ordinal);
        private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly RSA _rsa = RSA.Create(2048);
        private readonly TestRoot _root = new("Fleet,O=Makers");
        private readonly X509Certificate2 _credential;
        private CaHost _ours = null!;
        private ProcessUnderTest _theirs = null!;
        private HttpClient _ourClient = null!;
        private HttpClient _theirClient = null!;

        public Peers()
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("line-1.test");
            names.AddDnsName("line.test");
            names.AddIpAddress(IPAddress.Parse("192.0.2.9"));
            names.AddEmailAddress("line@fleet.test");
            names.AddUri(new Uri("https://fleet.test/line/1"));
            _credential = _root.Issue("line 1,OU=Hall 2,O=Ops", names: names);
        }

        public async Task InitializeAsync()
        {
            var (step, stepCa) = (Requires.Tool("step"), Requires.Tool("step-ca"));
            var definitions = All.Select(Definition).ToList();
            _ours = await CaHost.StartAsync();
            _ourClient = _ours.Client();
            foreach (var definition in definitions)
            {
                await _ours.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), (string?)definition["key"]?["kid"], new ProvisionerChange("admin"), default);
            }

            await _ours.Module.Provisioners.ReloadAsync(default);
            _ours.Module.Provisioners.Stored.Where(stored => stored.Disabled is not null).Select(stored => $"{stored.Name}: {stored.Disabled}").ShouldBeEmpty();
            await StartStepCaAsync(step, stepCa, definitions);
        }

        public async Task DisposeAsync()
        {
            _ourClient?.Dispose();
            _theirClient?.Dispose();
            if (_theirs is not null)
            {
                await _theirs.DisposeAsync();
            }

            if (_ours is not null)
            {
                await _ours.DisposeAsync();
            }

            _keys.Values.ToList().ForEach(key => key.Dispose());
            _ec.Dispose();
            _rsa.Dispose();
            _credential.Dispose();
            _root.Dispose();
            _folder.Dispose();
        }

        public async Task<(Reply Theirs, Reply Ours)> SignAsync(TemplateCase one) => (await SignAsync(_theirClient, one), await SignAsync(_ourClient, one));

        private async Task<Reply> SignAsync(HttpClient client, TemplateCase one)
        {
            var claims = StepCaCalls.Claims(_ours, "device-1.test", "sign", [.. one.Sans]);
            claims["iss"] = one.Name;
            claims["aud"] = new Uri(client.BaseAddress!, "1.0/sign").AbsoluteUri + (one.IsX5c ? "#x5c/" + one.Name : "");
            // What templates show of it is compared, too.
            claims["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 100 * 100 + 400;
            var body = new JsonObject { ["csr"] = Csr(one), ["ott"] = one.IsX5c ? X5cToken(claims) : Jwt.Sign(claims, _keys[one.Name]) };
            if (one.UserData is { } data)
            {
                body["templateData"] = JsonNode.Parse(data);
            }

            using var response = await client.PostAsJsonAsync("1.0/sign", body);
            var answer = await response.Content.ReadAsStringAsync();
            return response.StatusCode == HttpStatusCode.Created
                ? new Reply(X509Certificate2.CreateFromPem(JsonNode.Parse(answer)!["crt"]!.GetValue<string>()), "issued")
                : new Reply(null, answer.Trim());
        }

        private string Csr(TemplateCase one)
        {
            var subject = new X500DistinguishedName("CN=device-1.test, OU=Line 7, O=Ops, C=DE");
            var request = one.IsRsa ? new CertificateRequest(subject, _rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new CertificateRequest(subject, _ec, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            foreach (var san in one.Sans)
            {
                if (IPAddress.TryParse(san, out var address))
                {
                    names.AddIpAddress(address);
                }
                else if (san.Contains("://", StringComparison.Ordinal))
                {
                    names.AddUri(new Uri(san));
                }
                else if (san.Contains('@', StringComparison.Ordinal))
                {
                    names.AddEmailAddress(san);
                }
                else
                {
                    names.AddDnsName(san);
                }
            }

            request.CertificateExtensions.Add(names.Build());
            return request.CreateSigningRequestPem() + "\n";
        }

        /// <summary>Of the credential's key (RFC 7515 4.1.6).</summary>
        private string X5cToken(JsonObject claims)
        {
            using var key = new EcSignatureKey(_credential.GetECDsaPrivateKey()!, kid: null);
            return CompactJws.Sign(
                new Dictionary<string, object>(StringComparer.Ordinal) { ["typ"] = "JWT", ["x5c"] = new[] { Convert.ToBase64String(_credential.RawData) } }, Encoding.UTF8.GetBytes(claims.ToJsonString()), key);
        }

        private JsonObject Definition(TemplateCase one)
        {
            var x509 = new JsonObject { ["template"] = one.Template };
            if (one.TemplateData is { } data)
            {
                x509["templateData"] = JsonNode.Parse(data);
            }

            var options = new JsonObject { ["x509"] = x509 };
            if (one.IsX5c)
            {
                return new JsonObject { ["type"] = "X5C", ["name"] = one.Name, ["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(_root.Certificate.ExportCertificatePem())), ["options"] = options };
            }

            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var jwk = JsonWebKey.FromPrivateKey(key);
            (jwk.Use, jwk.Alg, jwk.KeyId) = ("sig", "ES256", jwk.Thumbprint());
            _keys[one.Name] = new EcSignatureKey(key, jwk.KeyId);
            return new JsonObject { ["type"] = "JWK", ["name"] = one.Name, ["key"] = JsonNode.Parse(jwk.ToPublic().ToJson()), ["options"] = options };
        }

        private async Task StartStepCaAsync(string step, string stepCa, IReadOnlyList<JsonObject> definitions)
        {
            var (configuration, password, address) = (_folder.Combine("config", "ca.json"), _folder.Combine("password"), $"127.0.0.1:{FreePort.Next()}");
            var environment = new Dictionary<string, string?> { ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path };
            await File.WriteAllTextAsync(password, "templates");
            (await Tools.RunAsync(
                step, ["ca", "init", "--name", "Peer", "--dns", "127.0.0.1", "--address", address, "--provisioner", "peer", "--password-file", password, "--provisioner-password-file", password],
                environment: environment)).EnsureSuccess();
            var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration))!;
            foreach (var definition in definitions)
            {
                json["authority"]!["provisioners"]!.AsArray().Add(definition.DeepClone());
            }

            await File.WriteAllTextAsync(configuration, json.ToJsonString());
            _theirs = ProcessUnderTest.Start(stepCa, ["--password-file", password, configuration], environment, _folder.Path);
            _theirClient = AnyServerHttp.Create(new Uri($"https://{address}/"), [X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("certs", "root_ca.crt"))], client: null, TimeSpan.FromSeconds(30));
            await _theirs.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
        }
    }
}
