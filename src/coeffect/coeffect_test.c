/* src/coeffect/coeffect_test.c: the laws of the algebra, on all small grades. */
#include "base/test.h"
#include "coeffect/coeffect.h"

enum {
    RESOURCES = 5,
    GRADES = 1 << RESOURCES,
};
static const struct resource all[RESOURCES] = {{RESOURCE_SANDBOX, {"kvm", 3}},
    {RESOURCE_NETWORK, {NULL, 0}}, {RESOURCE_AUTH, {"npm", 3}}, {RESOURCE_AUTH, {"git", 3}},
    {RESOURCE_FILESYSTEM, {"/data", 5}}};

/* The grade of the resources whose bits are set, named in a scrambled order and twice. */
static struct grade grade_at(unsigned bits, struct arena *arena)
{
    struct resource some[2 * RESOURCES];
    size_t count = 0;
    for (unsigned i = 0; i < 2 * RESOURCES; i++) {
        if ((bits >> (i * 3 % RESOURCES) & 1) != 0) {
            some[count++] = all[i * 3 % RESOURCES];
        }
    }
    return grade_of(some, count, arena);
}

static void laws_of_two(void)
{
    struct arena arena = {0};
    for (unsigned a = 0; a < GRADES; a++) {
        for (unsigned b = 0; b < GRADES; b++) {
            struct grade x = grade_at(a, &arena), y = grade_at(b, &arena);
            struct grade both = grade_tensor(x, y, &arena);
            CHECK(grade_eq(both, grade_at(a | b, &arena)));
            CHECK(grade_eq(both, grade_tensor(y, x, &arena)));
            CHECK(grade_within(x, both, NULL) && grade_within(y, both, NULL));
            CHECK(grade_within(x, y, NULL) == ((a & ~b) == 0));
            CHECK(grade_eq(x, y) == (a == b));
        }
    }
    arena_release(&arena);
}

static void unit_and_idempotence(void)
{
    struct arena arena = {0};
    for (unsigned a = 0; a < GRADES; a++) {
        struct grade x = grade_at(a, &arena);
        CHECK(grade_eq(grade_tensor(x, GRADE_PURE, &arena), x));
        CHECK(grade_eq(grade_tensor(GRADE_PURE, x, &arena), x));
        CHECK(grade_eq(grade_tensor(x, x, &arena), x));
        CHECK(grade_within(GRADE_PURE, x, NULL));
    }
    arena_release(&arena);
}

static void associativity(void)
{
    struct arena arena = {0};
    for (unsigned i = 0; i < GRADES * GRADES * GRADES; i += 7) {
        struct grade a = grade_at(i % GRADES, &arena), b = grade_at(i / GRADES % GRADES, &arena),
                     c = grade_at(i / GRADES / GRADES, &arena);
        CHECK(grade_eq(grade_tensor(grade_tensor(a, b, &arena), c, &arena),
            grade_tensor(a, grade_tensor(b, c, &arena), &arena)));
    }
    arena_release(&arena);
}

static void names_and_properties(void)
{
    struct arena arena = {0};
    struct grade grade = grade_at(GRADES - 1, &arena);
    const struct grade_property *properties = grade_properties(grade, &arena);
    CHECK(grade.count == RESOURCES);
    CHECK_STR(properties[0].name, STR("straylight-auth"));
    CHECK_STR(properties[0].value, STR("git"));
    CHECK_STR(properties[3].name, STR("straylight-network"));
    for (size_t i = 1; i < grade.count; i++) { /* REAPI wants them sorted */
        int cmp = str_cmp(properties[i - 1].name, properties[i].name);
        CHECK(cmp < 0 || (cmp == 0 && str_cmp(properties[i - 1].value, properties[i].value) < 0));
    }
    struct resource missing;
    CHECK(!grade_within(grade, grade_at(GRADES - 2, &arena), &missing));
    CHECK_STR(resource_format(missing, &arena), STR("Sandbox \"kvm\""));
    arena_release(&arena);
}

int main(void)
{
    TEST(laws_of_two);
    TEST(unit_and_idempotence);
    TEST(associativity);
    TEST(names_and_properties);
    return test_done();
}
