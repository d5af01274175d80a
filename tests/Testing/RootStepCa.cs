using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;

namespace IoTPlatform.Testing;

/// <summary>A real step-ca that signs with its root's own key, configured as docs/external-root.md says. It can be away for a while.</summary>
public sealed class RootStepCa : IAsyncDisposable
{
    /// <summary>Its JWK provisioner, whose template makes Intermediate CAs.</summary>
    public const string Provisioner = "iot-platform";

    /// <summary>With the same key, and step-ca's own template for leaves.</summary>
    public const string Leaves = "leaves";

    /// <summary>With the same key, and step's own template for intermediates, below which there is no other CA.</summary>
    public const string Narrow = "narrow";

    public const string Password = "the root's own provisioner";

    private const string Template = """{"subject": {{ toJson .Subject }}, "keyUsage": ["certSign", "crlSign"], "basicConstraints": {"isCA": true, "maxPathLen": 1}}""";

    private readonly TempFolder _folder = new();
    private readonly string _stepCa = Requires.Tool("step-ca");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private ProcessUnderTest? _process;

    private RootStepCa(Uri url)
    {
        Url = url;
        Root = SelfSigned(_key, "Example Root CA", pathLength: 2);
    }

    public Uri Url { get; }

    public X509Certificate2 Root { get; }

    public string Fingerprint => Pki.Fingerprint.Of(Root);

    public string RootFile => _folder.Combine("certs", "root_ca.crt");

    public string PasswordFile => _folder.Combine("password");

    private Dictionary<string, string?> Environment => new() { ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path };

    public static async Task<RootStepCa> StartAsync()
    {
        var address = $"127.0.0.1:{FreePort.Next()}";
        var server = new RootStepCa(new Uri($"https://{address}/"));
        await File.WriteAllTextAsync(server.PasswordFile, Password);
        (await Tools.RunAsync(
            Requires.Tool("step"),
            ["ca", "init", "--name", "Example", "--dns", "127.0.0.1", "--address", address, "--provisioner", Provisioner, "--password-file", server.PasswordFile, "--provisioner-password-file", server.PasswordFile],
            environment: server.Environment)).EnsureSuccess();
        // The root that step makes has place for one CA below it.
        await File.WriteAllTextAsync(server.RootFile, server.Root.ExportCertificatePem());
        await File.WriteAllTextAsync(server._folder.Combine("secrets", "root.pem"), server._key.ExportPkcs8PrivateKeyPem());
        var configuration = server._folder.Combine("config", "ca.json");
        var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration))!;
        (json["crt"], json["key"]) = (server.RootFile, server._folder.Combine("secrets", "root.pem"));
        var provisioners = json["authority"]!["provisioners"]!.AsArray();
        var made = provisioners[0]!.AsObject();
        made["claims"] = new JsonObject { ["maxTLSCertDuration"] = "43800h", ["defaultTLSCertDuration"] = "43800h" };
        provisioners.Add(With(made, Leaves, template: null));
        provisioners.Add(With(made, Narrow, Template.Replace("\"maxPathLen\": 1", "\"maxPathLen\": 0", StringComparison.Ordinal)));
        provisioners[0] = With(made, Provisioner, Template);
        await File.WriteAllTextAsync(configuration, json.ToJsonString());
        await server.ComeBackAsync();
        return server;
    }

    /// <summary>Settings of a provider below it.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["IOT_ROOT_CA_URL"] = Url.AbsoluteUri,
        ["IOT_ROOT_CA_FINGERPRINT"] = Fingerprint,
        ["IOT_ROOT_CA_PROVISIONER"] = Provisioner,
        ["IOT_ROOT_CA_PASSWORD_FILE"] = PasswordFile,
    };

    public async Task GoAwayAsync() => await _process!.DisposeAsync();

    public async Task ComeBackAsync()
    {
        _process = ProcessUnderTest.Start(_stepCa, [_folder.Combine("config", "ca.json")], Environment, _folder.Path);
        await _process.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
    }

    /// <summary>By hand, with the lines of docs/external-root.md: step signs the request, and the root's certificate goes after it.</summary>
    public async Task SignAsync(string requestFile, string signedFile)
    {
        var template = _folder.Combine("intermediate.tpl");
        await File.WriteAllTextAsync(template, Template);
        var signed = await Tools.RunAsync(
            Requires.Tool("step"), ["certificate", "sign", "--template", template, "--not-after", "43800h", requestFile, RootFile, _folder.Combine("secrets", "root.pem")], environment: Environment);
        await File.WriteAllTextAsync(signedFile, signed.EnsureSuccess().Output + await File.ReadAllTextAsync(RootFile));
    }

    /// <summary>By hand, with the lines of docs/external-root.md: a list, DER, of that certificate and of those before it.</summary>
    public async Task RevokeAsync(string certificateFile, string listFile)
    {
        var (configuration, index, number) = (_folder.Combine("crl.cnf"), _folder.Combine("index.txt"), _folder.Combine("number.txt"));
        if (!File.Exists(configuration))
        {
            await File.WriteAllTextAsync(configuration, $"[ca]\ndefault_ca=root\n[root]\ndatabase={index}\ncrlnumber={number}\ndefault_md=sha384\ndefault_crl_days=3650\n");
            await File.WriteAllTextAsync(index, "");
            await File.WriteAllTextAsync(number, "01\n");
        }

        var openssl = Requires.Tool("openssl");
        string[] ca = ["ca", "-config", configuration, "-cert", RootFile, "-keyfile", _folder.Combine("secrets", "root.pem")];
        (await Tools.RunAsync(openssl, [.. ca, "-revoke", certificateFile, "-crl_reason", "CACompromise"])).EnsureSuccess();
        var list = await Tools.RunAsync(openssl, [.. ca, "-gencrl"]);
        (await Tools.RunAsync(openssl, ["crl", "-outform", "DER", "-out", listFile], list.EnsureSuccess().Output)).EnsureSuccess();
    }

    /// <summary>A revocation list, DER.</summary>
    public byte[] Revoke(long number, params ReadOnlySpan<X509Certificate2> revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var one in revoked)
        {
            list.AddEntry(one);
        }

        using var signer = Root.CopyWithPrivateKey(_key);
        var now = TimeProvider.System.GetUtcNow();
        return list.Build(signer, number, now.AddDays(100), HashAlgorithmName.SHA384, thisUpdate: now.AddMinutes(-5));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Root.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }

    private static JsonObject With(JsonObject provisioner, string name, string? template)
    {
        var one = provisioner.DeepClone().AsObject();
        one["name"] = name;
        if (template is not null)
        {
            one["options"] = new JsonObject { ["x509"] = new JsonObject { ["template"] = template } };
        }

        return one;
    }

    private static X509Certificate2 SelfSigned(ECDsa key, string name, int pathLength)
    {
        var now = TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLength, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var signed = request.CreateSelfSigned(now.AddHours(-1), now.AddYears(10));
        return X509CertificateLoader.LoadCertificate(signed.RawData);
    }
}
