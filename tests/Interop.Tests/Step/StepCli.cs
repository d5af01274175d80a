using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>The real step CLI with a home folder of its own.</summary>
public sealed class StepCli : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _program = Requires.Tool("step");

    public StepCli(StepTarget target) => Target = target;

    public StepTarget Target { get; }

    private Dictionary<string, string?> Environment => new(StringComparer.Ordinal) { ["STEPPATH"] = _folder.Combine("step"), ["HOME"] = _folder.Path };

    public string Root => _folder.Combine("step", "certs", "root_ca.crt");

    public string File(string name) => _folder.Combine(name);

    public string Read(string name) => System.IO.File.ReadAllText(File(name));

    /// <summary>Bootstraps: after this every command knows the CA and trusts its root.</summary>
    public async Task<StepCli> BootstrapAsync()
    {
        (await RunAsync("ca", "bootstrap", "--ca-url", Target.Url.GetLeftPart(UriPartial.Authority), "--fingerprint", Target.RootFingerprint, "--force")).EnsureSuccess();
        return this;
    }

    public Task<ToolResult> RunAsync(params string[] arguments) =>
        Tools.RunAsync(_program, arguments, environment: Environment, workingDirectory: _folder.Path);

    /// <summary>A command that goes on until it is told otherwise.</summary>
    public ProcessUnderTest Start(params string[] arguments) => ProcessUnderTest.Start(_program, arguments, Environment, _folder.Path);

    /// <summary>A command that asks its user, and an identity provider whose server is certified below the same root.</summary>
    public ProcessUnderTest StartLogin(params string[] arguments) => ProcessUnderTest.Start(
        // An empty PATH has no browser to open.
        _program, arguments, new Dictionary<string, string?>(Environment) { ["SSL_CERT_FILE"] = Root, ["PATH"] = _folder.Path }, _folder.Path);

    /// <summary>A command that needs the provisioner's key.</summary>
    public Task<ToolResult> RunAsProvisionerAsync(params string[] arguments) =>
        RunAsync([.. arguments, "--provisioner", Target.Provisioner, "--provisioner-password-file", Target.ProvisionerPasswordFile]);

    /// <summary>name.crt (with chain) and name.key.</summary>
    public async Task EnrollAsync(string subject, string name, params string[] options) =>
        (await RunAsProvisionerAsync(["ca", "certificate", subject, $"{name}.crt", $"{name}.key", "--force", .. options])).EnsureSuccess();

    public void Dispose() => _folder.Dispose();
}
