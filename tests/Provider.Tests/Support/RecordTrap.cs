using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>Makes the database refuse the record of a step, after the step's effect: what a crash between the two leaves behind.</summary>
internal sealed class RecordTrap : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private RecordTrap(TestDatabase database) => _database = database;

    public static async Task<RecordTrap> OnAsync(TestDatabase database, string table, string when)
    {
        await database.ExecuteAsync(
            $"""
            CREATE OR REPLACE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
            CREATE TRIGGER trap BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION public.trap()
            """);
        return new RecordTrap(database);
    }

    public async ValueTask DisposeAsync() => await _database.ExecuteAsync("DROP FUNCTION public.trap() CASCADE");
}
