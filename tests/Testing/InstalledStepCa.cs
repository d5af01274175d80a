using System.Globalization;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>A real step-ca in a folder of its own, with a database of its own, that is started and stopped; and the real step with the files of its clients.</summary>
public sealed class InstalledStepCa : IAsyncDisposable
{
    public const string Password = "the old password";

    private readonly TempFolder _folder = new();
    private readonly string _stepCa = Requires.Tool("step-ca");
    private readonly string _step = Requires.Tool("step");
    private readonly int _port;
    private ProcessUnderTest? _process;

    private InstalledStepCa(string provisioner, int port) => (Provisioner, _port) = (provisioner, port);

    /// <summary>Its JWK provisioner.</summary>
    public string Provisioner { get; }

    public Uri Url => new($"https://localhost:{_port}/");

    public int Port => _port;

    /// <summary>How often it has answered so since its start, by its log.</summary>
    public int Answered(string path, int status) => _process!.Lines.Count(line => line.Contains($" path={path} ", StringComparison.Ordinal) && line.Contains($" status={status} ", StringComparison.Ordinal));

    public string Configuration => Path.Combine(Home, "config", "ca.json");

    public string PasswordFile => _folder.Combine("password");

    public string RootFile => Path.Combine(Home, "certs", "root_ca.crt");

    public X509Certificate2 Root => X509CertificateLoader.LoadCertificateFromFile(RootFile);

    /// <summary>File or folder.</summary>
    public string Database { get; private set; } = "";

    private string Home => _folder.Combine("step");

    /// <summary>Made, and not started.</summary>
    /// <param name="database">Type of its database, as ca.json has it.</param>
    /// <param name="provisioner">Its JWK provisioner.</param>
    /// <param name="port">Where it will listen; null: anywhere.</param>
    public static async Task<InstalledStepCa> CreateAsync(string database, string provisioner = "builds@example.com", int? port = null)
    {
        var server = new InstalledStepCa(provisioner, port ?? FreePort.Next());
        await File.WriteAllTextAsync(server.PasswordFile, Password + "\n");
        (await server.StepAsync(
            "ca", "init", "--name", "Old", "--dns", "localhost", "--address", $"127.0.0.1:{server._port}", "--provisioner", provisioner,
            "--password-file", server.PasswordFile, "--provisioner-password-file", server.PasswordFile)).EnsureSuccess();
        var json = JsonNode.Parse(await File.ReadAllTextAsync(server.Configuration))!;
        server.Database = Path.Combine(server.Home, database);
        json["db"] = new JsonObject { ["type"] = database, ["dataSource"] = server.Database };
        await File.WriteAllTextAsync(server.Configuration, json.ToJsonString());
        return server;
    }

    /// <summary>Before its start.</summary>
    /// <param name="definition">As ca.json has it.</param>
    public Task AddProvisionerAsync(JsonObject definition) => ConfigureAsync(authority => authority["provisioners"]!.AsArray().Add(definition));

    /// <summary>Before its start: it makes a provisioner "Admin JWK" then, with the password of all, and a super admin "step".</summary>
    public Task ManageRemotelyAsync() => ConfigureAsync(authority => authority["enableAdmin"] = true);

    private async Task ConfigureAsync(Action<JsonNode> change)
    {
        var json = JsonNode.Parse(await File.ReadAllTextAsync(Configuration))!;
        change(json["authority"]!);
        await File.WriteAllTextAsync(Configuration, json.ToJsonString());
    }

    /// <param name="trusts">PEM file of the roots of TLS servers that it asks; null: the machine's.</param>
    public async Task StartAsync(string? trusts = null)
    {
        var environment = Environment;
        environment["SSL_CERT_FILE"] = trusts;
        _process = ProcessUnderTest.Start(_stepCa, ["--password-file", PasswordFile, Configuration], environment, _folder.Path);
        await _process.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
    }

    /// <summary>The clean way.</summary>
    public async Task StopAsync()
    {
        _process!.Terminate();
        await _process.WaitForExitAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Of a client.</summary>
    public string PathOf(string name) => _folder.Combine(name);

    public X509Certificate2 Read(string name) => X509CertificateLoader.LoadCertificateFromFile(_folder.Combine(name + ".crt"));

    /// <summary>name.crt and name.key.</summary>
    public async Task EnrollAsync(string name) =>
        (await StepAsync([.. At("ca", "certificate", "--provisioner", Provisioner, "--provisioner-password-file", PasswordFile, $"{name}.test", $"{name}.crt", $"{name}.key")])).EnsureSuccess();

    public async Task RenewAsync(string name) => (await StepAsync([.. At("ca", "renew", "--force", $"{name}.crt", $"{name}.key")])).EnsureSuccess();

    public async Task RevokeAsync(string name, int reasonCode, string reason) => (await StepAsync(
        [.. At("ca", "revoke", "--cert", $"{name}.crt", "--key", $"{name}.key", "--reasonCode", $"{reasonCode}", "--reason", reason)])).EnsureSuccess();

    /// <summary>By a token of its provisioner; that of a certificate which is revoked is refused.</summary>
    /// <param name="serial">Of a certificate that it has given out.</param>
    public async Task<ToolResult> RevokeAsync(BigInteger serial)
    {
        var number = serial.ToString(CultureInfo.InvariantCulture);
        var token = (await StepAsync([.. At("ca", "token", "--provisioner", Provisioner, "--provisioner-password-file", PasswordFile, "--revoke", number)])).EnsureSuccess().Output.Trim();
        return await StepAsync([.. At("ca", "revoke", "--token", token, number)]);
    }

    /// <summary>In the folder of the clients.</summary>
    public Task<ToolResult> StepAsync(params string[] arguments) => Tools.RunAsync(_step, arguments, environment: Environment, workingDirectory: _folder.Path);

    /// <summary>Issues a, b and c, renews a, revokes b, and stops.</summary>
    public async Task LiveAsync()
    {
        await StartAsync();
        await EnrollAsync("a");
        await EnrollAsync("b");
        await EnrollAsync("c");
        await RenewAsync("a");
        await RevokeAsync("b", 4, "was replaced");
        await StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }

    private Dictionary<string, string?> Environment => new() { ["STEPPATH"] = Home, ["HOME"] = _folder.Path };

    // Flags first: behind a word that is none they are words, too.
    private string[] At(params string[] arguments) => [.. arguments[..2], "--ca-url", $"https://localhost:{_port}", "--root", RootFile, .. arguments[2..]];
}
