namespace IoTPlatform.Hosting;

/// <summary>Environment files as docker compose reads them: KEY=VALUE lines, # comments, optional quotes.</summary>
public static class EnvFile
{
    public static IReadOnlyDictionary<string, string> Load(string path) => throw new NotImplementedException();
}
