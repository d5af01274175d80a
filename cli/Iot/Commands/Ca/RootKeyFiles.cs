using IoTPlatform.Pki.Signing;

namespace IoTPlatform.Iot;

/// <summary>The CA files of a provider's data folder, named as step-ca names them.</summary>
internal sealed class RootKeyFiles
{
    private RootKeyFiles(LocalStack stack) => Stack = stack;

    public LocalStack Stack { get; }
    public CaKeyFile RootKey => new(Path.Combine(Stack.Folder, "secrets", "root_ca_key"));

    /// <summary>Without both the provider needs its root key to start.</summary>
    public bool HasIntermediate => File.Exists(Path.Combine(Stack.Folder, "certs", "intermediate_ca.crt")) && File.Exists(Path.Combine(Stack.Folder, "secrets", "intermediate_ca_key"));

    public static RootKeyFiles Find(Run run)
    {
        var stack = LocalStack.Of(run, ServerOptions.Provider);
        return stack.Root is null
            ? throw new CliException(ExitCode.NotFound, "no_provider", $"{stack.Folder} is not a provider's data folder; give --data")
            : new RootKeyFiles(stack);
    }

    public CaKeyFile RequireRootKey() => RootKey.Exists
        ? RootKey
        : throw new CliException(ExitCode.NotFound, "no_root_key", $"there is no root key in {Stack.Folder}: it was removed already");
}
