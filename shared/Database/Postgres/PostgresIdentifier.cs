namespace IoTPlatform.Database;

/// <summary>Names where SQL takes no parameters.</summary>
internal static class PostgresIdentifier
{
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
