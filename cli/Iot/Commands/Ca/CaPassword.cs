namespace IoTPlatform.Iot;

/// <summary>The password of a provider's CA keys, from where the provider itself takes it.</summary>
internal static class CaPassword
{
    public static string Find(Run run, LocalStack stack)
    {
        if (run.Env("STEP_CA_PASSWORD") is { } given)
        {
            return given;
        }

        var file = run.Env("STEP_CA_PASSWORD_FILE") ?? Path.Combine(stack.Folder, "ca-password");
        return File.Exists(file) && File.ReadLines(file).FirstOrDefault() is { Length: > 0 } password
            ? password
            : throw CliException.Failed("no_ca_password", $"the CA password is not in {file}; give STEP_CA_PASSWORD or STEP_CA_PASSWORD_FILE as the provider has it");
    }
}
